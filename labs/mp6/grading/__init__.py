"""The grading of MP6: what is run in the sandbox, what it is given and hands back, and the verdicts on it."""
