"""What `scripts/benchmark.py` measures, a file a subject."""
