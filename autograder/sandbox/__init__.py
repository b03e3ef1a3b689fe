"""Run code that nobody vouches for: one job, in one of three tiers, with one outcome.

`run.run` is the way in, `job` its data, `tiers.detect` says what this machine can do. Nothing here imports torch.
"""
