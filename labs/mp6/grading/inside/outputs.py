"""Inside the sandbox: what a net gives for images. For part 3 these are no images, only the codes of the bottleneck."""

from typing import Any

import numpy as np
import torch

from autograder.runner import student_module
from labs.mp6.grading.inside import slips
from labs.mp6.grading.parts import MOST_REBUILT, Part
from smallnets import train
from smallnets.student import student_code


def of_net(part: Part, net: Any, x: torch.Tensor, room: int, values: dict[str, Any]) -> str:
    """Add a net's outputs for images to `values`; returns what to say if it changes the images, else ""."""
    given = x.clone()
    if part.n_classes:
        values[f"outputs {part.number}"] = outputs(part, net, given)
    else:
        values["codes"], values["shape"] = codes(part, net, given, room)
    return slips.changed_inputs({"the images that forward is given": (x, given)})


def outputs(part: Part, net: torch.nn.Module, x: torch.Tensor) -> np.ndarray:
    """The outputs [N, n_classes] for images x [N, 784]; ValueError if they are of another shape."""
    with student_code(student_module.path_of(part.module)):
        found = train.predict(net, x).float().numpy()
    if found.shape != (len(x), part.n_classes):
        raise ValueError(f"expected the net to turn [N, 784] into [N, {part.n_classes}], got {list(found.shape)}")
    return found


def codes(part: Part, net: Any, x: torch.Tensor, room: int) -> tuple[np.ndarray, np.ndarray]:
    """The codes for images x [N, 784]: numbers [N, room], padded with zeros; and the shape of one code.

    Raises:
        ValueError: the codes have more numbers, or cannot be computed.
    """
    with student_code(student_module.path_of(part.module)):
        found = train.predict(net.encoder, x.reshape(-1, 1, 28, 28)).float().numpy()
    shape = found.shape[1:]
    if len(found) != len(x) or not 1 <= len(shape) <= 4:
        raise ValueError(f"expected net.encoder to turn [N, 1, 28, 28] into N codes, got {list(found.shape)}")
    width = int(np.prod(shape))
    if width > room:
        most = room if width <= MOST_REBUILT else MOST_REBUILT
        raise ValueError(f"expected at most {most:,} numbers an image at the bottleneck, got {width:,} {list(shape)}")
    padded = np.zeros((len(x), room))
    padded[:, :width] = found.reshape(len(x), width).clip(-65504, 65504)  # the most that float16 holds
    return padded, np.array([*shape, *[0] * (4 - len(shape))])
