"""The grading of the Beras lab."""
