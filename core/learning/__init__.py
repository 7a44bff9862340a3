"""Algorithms as data, pixel features and classical classifiers, metrics, and what a job is."""
