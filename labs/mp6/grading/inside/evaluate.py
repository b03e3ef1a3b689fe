"""Inside the sandbox: the outputs of the net that fit returned, in a process without training images.

It is rebuilt from the bytes that fit handed back, of which the grader knows the number.
"""

from typing import Any

import numpy as np
import torch

from autograder.runner import channel, student_module
from labs.mp6.grading.inside import net as nets
from labs.mp6.grading.inside import outputs, preparation
from labs.mp6.grading.parts import PARTS, Part, outputs_layout
from smallnets.student import student_code


def form_in_fit(part: Part, net: torch.nn.Module, x: torch.Tensor, arrays: dict[str, np.ndarray]) -> str:
    """The form in which fit gives images to its net; "" for raw pixels, or if there is nothing to tell it from."""
    if "predictions" not in arrays:
        return ""
    with student_code(student_module.path_of(part.module)):
        return preparation.of_fit(net, preparation.forms(x, *preparation.moments(arrays)), arrays["predictions"])


def main() -> None:
    """Rebuild the net, run it, return its outputs."""
    arrays = channel.read_arrays()
    problems: dict[str, str] = {}
    values: dict[str, Any] = {}
    part, room = PARTS[int(arrays["part"])], int(arrays["width"])
    x = torch.from_numpy(arrays["x"]).float() / part.divisor
    with student_module.noted(problems, "net"):
        net = nets.restored(part, arrays["net"].tobytes())
        if text := outputs.of_net(part, net, x, room, values):
            problems["in place"] = text
        problems |= {"form": form} if (form := form_in_fit(part, net, x, arrays)) else {}
    channel.hand_back(outputs_layout({part.number: len(x)}, room), values, problems)


if __name__ == "__main__":
    main()
