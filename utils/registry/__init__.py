"""Algorithms and models in MLflow, and as files."""
