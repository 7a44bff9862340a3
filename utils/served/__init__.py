"""What runs in our own Tiled server: a folder as a tree, and readers of its files. `tiled_folder.yml` names them."""
