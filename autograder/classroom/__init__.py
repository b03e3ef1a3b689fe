"""Grading a whole class: every submission once, even if processes are killed on the way."""
