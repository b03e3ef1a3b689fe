"""Inside the sandbox: the outputs of the nets in the model files, in a process without training images."""

from typing import Any

import torch

from autograder.runner import channel, student_module
from labs.mp6.grading.inside import net as nets
from labs.mp6.grading.inside import outputs, preparation
from labs.mp6.grading.parts import PARTS, outputs_layout


def main() -> None:
    """Load the nets, run each on its part's images, prepared as in fit, return their outputs."""
    arrays = channel.read_arrays()
    problems: dict[str, str] = {}
    values: dict[str, Any] = {}
    parts = [part for number, part in PARTS.items() if f"x {number}" in arrays]
    for part in parts:
        own = {name.removesuffix(f" {part.number}"): array for name, array in arrays.items()}
        x = torch.from_numpy(own["x"]).float() / part.divisor
        with student_module.noted(problems, str(part.number)):
            net, word = nets.handed_in(part, own["net"].tobytes())
            problems |= {f"word {part.number}": word} if word else {}
            if "form" in own:
                x = preparation.forms(x, *preparation.moments(own))[str(own["form"])]
            outputs.of_net(part, net, x, int(arrays["width"]), values)
    n_images = {part.number: len(arrays[f"x {part.number}"]) for part in parts}
    channel.hand_back(outputs_layout(n_images, int(arrays["width"])), values, problems)


if __name__ == "__main__":
    main()
