"""Attacks on a grader, replayed against the sandbox: `table` lists them, `payloads` are what is handed in."""
