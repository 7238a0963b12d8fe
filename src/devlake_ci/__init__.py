"""Tell Apache DevLake from any CI pipeline what was deployed and what broke."""

__version__ = "0.1.0"
