"""Checks on a lab's modules, ours or a student's: each takes a module and raises, naming what is wrong."""
