"""Images, masks and results on a Tiled server, and what is kept of them here."""
