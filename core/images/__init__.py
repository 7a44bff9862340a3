"""Volumes, levels, tiles and intensity."""
