"""Inside the sandbox: one part of one submission, and calls of its fit."""

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from autograder.runner import student_module
from labs.mp6.grading.inside import slips
from labs.mp6.grading.parts import Part
from smallnets import fitcheck, progress, train
from smallnets.student import student_code


@dataclasses.dataclass
class Call:
    """What a call of fit returned, in the contract's order, and the steps it made.

    `wrong` says that there are not three values, or in another order, or no net among them; then `net` is the one that
    was trained, if its step was seen. `changed` names inputs changed in place. Both are "" if there is nothing to say.
    """

    losses: Any
    predictions: Any
    net: Any
    steps: progress.Steps
    wrong: str = ""
    changed: str = ""

    def losses_due(self, n_iter: int) -> int:
        """How many losses are due: n_iter, or one for each step, as a wrong number of steps costs points by itself."""
        return self.steps.count if self.steps.count == fitcheck.length(self.losses) else n_iter

    def array(self) -> np.ndarray | None:
        """The predictions as an array of any shape; None if they are none."""
        return as_array(lambda: fitcheck.array(self.predictions, "predictions"))

    def numbers(self) -> np.ndarray | None:
        """All losses in one row, be they nested or not; None if they are no numbers."""
        return as_array(lambda: np.ravel([fitcheck.array(value, "losses") for value in self.losses]).astype(np.float64))


class Trial:
    """One part of one submission: its data, and calls of its fit."""

    def __init__(self, part: Part, arrays: dict[str, np.ndarray]) -> None:
        """arrays: "seed", the training images "x" [N, 784] and their labels "y" [N], and "dev" [M, 784], pixels."""
        self.part, self.seed = part, int(arrays["seed"])
        self.x, self.dev = (torch.from_numpy(arrays[name]).float() / part.divisor for name in ("x", "dev"))
        self.y = torch.from_numpy(arrays["y"])
        self.what = "losses, yhats, net" if part.n_classes else "losses, xhats, net"

    def call(self, n: int, dev: torch.Tensor, n_iter: int) -> Call:
        """Call fit with the first n training images.

        Raises:
            StudentError: it raises.
            ValueError: it returns something that is neither two nor three values.
        """
        module = student_module.module(self.part.module)
        train.seed_everything(self.seed)
        labels = (self.y[:n].clone(),) if self.part.n_classes else ()
        x, images = self.x[:n].clone(), dev.clone()
        with (
            progress.watch_steps(progress.step_classes(module), n_iter, "", show=False) as steps,
            student_code(student_module.path_of(self.part.module)),
        ):
            result = module.fit(x, *labels, images, n_iter)
        notes: list[str] = []
        losses, predictions, net = fitcheck.unpack(result, self.what, (n_iter, len(dev)), notes)
        if not isinstance(net, torch.nn.Module):
            notes.append(fitcheck.no_net(net))
            net = steps.net
        changed = slips.changed_inputs({"train_set": (self.x[:n], x), "dev_set": (dev, images)})
        return Call(losses, predictions, net, steps, "".join(notes[:1]), changed)

    def predictions(self, values: Any, m: int) -> np.ndarray:
        """The predictions as an array; ValueError if they are malformed."""
        return fitcheck.labels(values, m, self.part.n_classes) if self.part.n_classes else fitcheck.images(values, m)

    def rows(self, call: Call, x: torch.Tensor) -> np.ndarray | None:
        """A row for each image of x: fit's predictions in whatever form or, if they have no rows, those of its net."""
        found = call.array()
        if found is not None and found.ndim and len(found) == len(x) and found.dtype.kind in "iufb":
            return found

        outputs = self.outputs(call, x)
        return outputs.argmax(axis=1) if outputs is not None and self.part.n_classes else outputs

    def outputs(self, call: Call, x: torch.Tensor) -> np.ndarray | None:
        """What the net gives for images, in the mode in which fit left it, a row each; None if it fails."""

        def of_the_net() -> np.ndarray:
            with torch.no_grad():
                return call.net(x.clone()).flatten(1).numpy()

        found = as_array(of_the_net)
        return found if found is not None and len(found) == len(x) else None


def as_array(make: Callable[[], np.ndarray]) -> np.ndarray | None:
    """The array that `make` returns, or None if it raises, as students' objects may."""
    try:
        return make()
    except Exception:
        return None
