"""The grading of the QuickDraw lab."""
