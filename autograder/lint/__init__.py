"""Look at source text without running it; started by `look`, as a process whose end does no harm.

Every function gives findings: (line, or 0 where there is none, and what to say).
"""
