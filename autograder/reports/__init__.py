"""A report as text, as Gradescope's results.json and as plain data."""
