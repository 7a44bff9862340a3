"""Command lines. Each module says in its first lines what it is called for."""
