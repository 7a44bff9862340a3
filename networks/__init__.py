"""The torch room. Nothing outside networks/ and scripts/ imports torch."""

__version__ = "0.1.0"  # of this code, as in pyproject.toml; saved with every network
