"""Beras: what its jobs run inside the sandbox, and what the grader makes of it."""
