"""Checks on a lab's modules, ours or a student's: each takes what `load` of its file returns, and a generator.

They raise, naming what is wrong. Worked numbers are the handout's; all other inputs are drawn from the generator.
"""
