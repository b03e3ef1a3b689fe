"""Checks on a student's modules: each takes the result of its file's `load`, and a generator."""
