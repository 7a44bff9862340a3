"""Adapters of interactive models, a file a model, each with `open_model(parameters)` as docs/interactive.md asks.

They run in a process of their own (`scripts/interactive_worker.py`), in the Python that has their package. None of
these packages is ours to install, and no weights come with them.
"""
