"""The domain: images, labels and learning in numpy alone. No web, no torch, no sockets, no environment."""
