"""What is labelled and what next: the table of tags, the ways to choose from it, embeddings, heads, suggestions."""
