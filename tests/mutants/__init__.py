"""Wrong submissions for MP6, each our own solution with one mistake; `table` lists them and the checks they lose."""
