"""Inside the sandbox: the outputs of all parts' nets on images, in a process without training images.

For part 3, it returns no images, only the codes from the bottleneck.
"""

from typing import Any

import numpy as np
import torch

from autograder.runner import channel, student_module
from labs.mp6.grading.inside import net as nets
from labs.mp6.grading.inside import preparation, slips
from labs.mp6.grading.parts import MOST_REBUILT, PARTS, Part, evaluate_layout
from smallnets import train
from smallnets.student import student_code


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


def see(part: Part, net: Any, x: torch.Tensor, which: str, values: dict[str, Any], room: int) -> str:
    """Add a net's outputs on images to `values`; returns what to say if it changes the images, else ""."""
    given = x.clone()
    if part.n_classes:
        values[f"{which} {part.number}"] = outputs(part, net, given)
    else:
        values[f"{which} codes"], values[f"{which} shape"] = codes(part, net, given, room)
    return slips.changed_inputs({"the images that forward is given": (x, given)})


def as_in_fit(
    part: Part, net: torch.nn.Module, x: torch.Tensor, arrays: dict[str, np.ndarray]
) -> tuple[str, torch.Tensor]:
    """The form in which fit gives images to its net, "" for raw pixels, and the images x in that form."""
    moments = (torch.from_numpy(arrays[f"{name} {part.number}"]).float() for name in ("mean", "deviation"))
    forms = preparation.forms(x, *moments)
    with student_code(student_module.path_of(part.module)):
        form = preparation.of_fit(net, forms, arrays[f"predictions {part.number}"])
    return form, forms[form]


def main() -> None:
    """Load the available nets, run them, return their outputs."""
    arrays = channel.read_arrays()
    problems: dict[str, str] = {}
    values: dict[str, Any] = {}
    n_images: dict[int, int] = {}
    room = int(arrays["width"])
    for number, part in PARTS.items():
        if f"x {number}" not in arrays:
            continue
        x = torch.from_numpy(arrays[f"x {number}"]).float() / part.divisor
        fitted = arrays[f"net {number}"].tobytes()
        n_images[number] = len(x)
        prepared = x
        with student_module.noted(problems, f"fitted {number}"):
            net = nets.restored(part, fitted)
            if text := see(part, net, x, "fitted", values, room):
                problems[f"in place {number}"] = text
            if f"mean {number}" in arrays:
                form, prepared = as_in_fit(part, net, x, arrays)
                problems |= {f"form {number}": form} if form else {}
        if arrays[f"saved {number}"]:
            with student_module.noted(problems, f"saved {number}"):
                net, word = nets.handed_in(part, fitted)
                if word:
                    problems[f"word {number}"] = word
                see(part, net, prepared, "saved", values, room)
    channel.hand_back(evaluate_layout(n_images, room), values, problems)


if __name__ == "__main__":
    main()
