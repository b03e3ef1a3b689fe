"""Data sets: found, checked, read and written."""
