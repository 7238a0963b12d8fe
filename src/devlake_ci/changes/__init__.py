"""Which pull requests a deployment shipped: what was live before, and what lies between."""
