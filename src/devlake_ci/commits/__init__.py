"""Which commits were deployed, and one spelling for the repository that each is in."""
