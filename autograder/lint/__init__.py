"""Lint source files without running them; `files.lint_files` starts this package as a process of its own.

Every check returns findings: (line, or 0 without one, and a text).
"""
