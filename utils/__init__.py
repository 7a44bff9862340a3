"""Adapters: one outside system a file. Only `settings` reads the environment; only `services` constructs adapters."""
