"""Run untrusted code: one job, in one of three tiers, with one outcome.

Call `run.run`; `job` holds its data, `tiers.detect` finds this machine's tiers. Nothing here imports torch.
"""
