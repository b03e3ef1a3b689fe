"""Inside the sandbox: train a student's net for a short time, and predict images whose labels are not here."""

import sys
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from autograder.runner import channel, student_module
from labs.batchnorm.grading.inside import build, working
from labs.batchnorm.grading.programs import PROGRAMS, Program, layout
from smallnets.student import student_code

LR, MOMENTUM = 0.05, 0.9
MEAN, STD = 0.1307, 0.3081  # the course's values for MNIST


def inputs(images: np.ndarray, shape: tuple[int, ...]) -> torch.Tensor:
    """Images [N, 28, 28] of uint8 as inputs of the net."""
    return ((torch.from_numpy(images).float() / 255 - MEAN) / STD).reshape(-1, *shape)


def trained(net: nn.Module, x: torch.Tensor, y: torch.Tensor, program: Program, seed: int) -> list[float]:
    """The loss of each iteration of plain SGD."""
    optimizer = torch.optim.SGD(net.parameters(), LR, MOMENTUM)
    generator, losses = torch.Generator().manual_seed(seed), []
    net.train()
    for _ in range(program.epochs):
        for rows in torch.randperm(len(x), generator=generator).split(program.batch):
            loss = F.cross_entropy(net(x[rows]), y[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
    return losses


@torch.no_grad()
def logits(net: nn.Module, batches: Any) -> np.ndarray:
    """The net's logits [N, 10] for batches of images, one after the other."""
    net.eval()
    found = torch.cat([net(batch) for batch in batches]).numpy()
    if found.shape[1:] != (10,):
        raise ValueError(f"expected logits [N, 10], got {list(found.shape)}")
    return found


def main() -> None:
    """Build, train, predict in batches and one by one, return the results."""
    arrays, name = channel.read_arrays(), sys.argv[1]
    program = PROGRAMS[name]
    problems: dict[str, str] = {}
    values: dict[str, Any] = {}
    seed = int(arrays["seed"])
    x, hidden = inputs(arrays["x"], program.shape), inputs(arrays["hidden"], program.shape)
    sys.path.insert(0, str(student_module.SUBMISSION.absolute()))
    with student_module.noted(problems, "learn"), student_code(student_module.SUBMISSION.absolute()):
        _, wrong = working.repaired()
        torch.manual_seed(seed)
        net = build.net(name)
        values["losses"] = np.array(trained(net, x, torch.from_numpy(arrays["y"]).long(), program, seed))
        values["together"] = logits(net, hidden.split(program.batch))
        values["alone"] = logits(net, hidden.split(1))
        problems["wrong"] = ", ".join(wrong)
    channel.hand_back(layout(program, len(x), len(hidden)), values, problems)


if __name__ == "__main__":
    main()
