"""Copies of a net at some iterations of its training, to be scored when the training is over.

Scoring them in the training would take its time and could change it.
"""

import copy
from collections.abc import Callable
from pathlib import Path

import torch

from smallnets.progress import Steps
from smallnets.student import StudentError, student_code

POINTS = 25  # of a curve


class Snapshots:
    """Keeps a copy of the net after every few of `n_iter` steps, and after the last; the `after` of `watch_steps`."""

    def __init__(self, n_iter: int) -> None:
        every = max(1, n_iter // POINTS)
        self.due = {*range(every, n_iter + 1, every), n_iter}
        self.nets: dict[int, torch.nn.Module] = {}

    def __call__(self, steps: Steps) -> None:
        """Copy the net if this is one of the iterations; a net that cannot be copied is left alone from then on."""
        if steps.count in self.due and isinstance(steps.net, torch.nn.Module):
            try:
                self.nets[steps.count] = copy.deepcopy(steps.net)
            except Exception:  # a student's net can hold anything
                self.due, self.nets = set(), {}

    def curve(self, score: Callable[[torch.nn.Module], float], path: str | Path) -> dict[int, float]:
        """The score of each copy by its iteration, from 1; empty if one cannot be scored.

        Args:
            path: the file with the code of the net, which may be a student's.
        """
        try:
            with student_code(path):
                return {iteration: score(net) for iteration, net in self.nets.items()}
        except StudentError:  # such as of a net that only works once fit has ended
            return {}
