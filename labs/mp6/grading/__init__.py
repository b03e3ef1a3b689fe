"""The grading of MP6: its runs in the sandbox, their messages, and the verdicts on them."""
