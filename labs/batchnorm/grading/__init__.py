"""The grading of the BatchNorm lab."""
