"""The domain: images, labels and learning in numpy alone. No web, no torch, no sockets, no environment."""

VERSION = "0.1.0"  # of this code, as in pyproject.toml; kept with every model
