"""Attacks on a grader, replayed against the sandbox: `table` lists them, `payloads` holds their programs."""
