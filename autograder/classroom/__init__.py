"""Grading a whole class: every submission of every student once, whatever is killed on the way."""
