"""What `scripts/active_label.py` is made of: settings, images, who labels, the session on the disk, its reports."""
