"""The grading of the NumPy and CNN lab."""
