"""From what was handed in to a report."""
