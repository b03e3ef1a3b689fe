"""Grading of submissions."""
