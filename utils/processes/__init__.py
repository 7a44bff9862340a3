"""Processes that answer questions for the app, so that it never loads torch: `piped_process` starts and asks them."""
