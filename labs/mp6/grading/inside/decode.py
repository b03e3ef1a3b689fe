"""Inside the sandbox: a decoder of part 3 turns codes into images, in a process that never sees an image.

It is the decoder of one net: a process with the codes of two would have twice as many numbers for each image.
"""

from typing import Any

import numpy as np
import torch

from autograder.runner import channel, student_module
from labs.mp6.grading.inside import net as nets
from labs.mp6.grading.parts import N_PIXELS, PARTS, decode_layout
from smallnets import fitcheck, train
from smallnets.student import student_code


def images(net: Any, codes: np.ndarray, shape: np.ndarray) -> np.ndarray:
    """Images [N, 784] from codes [N, width], each holding an array of `shape` first; ValueError if they are none."""
    part = PARTS[3]
    sizes = [int(size) for size in shape if size]
    x = torch.from_numpy(codes[:, : int(np.prod(sizes))].astype(np.float32)).reshape(-1, *sizes)
    with student_code(student_module.path_of(part.module)):
        found = train.predict(net.decoder, x).float().numpy()
    if found.size != len(codes) * N_PIXELS:
        raise ValueError(f"expected net.decoder to give images [N, 1, 28, 28], got {list(found.shape)}")
    # forward may do a last clamp, so that the decoder's outputs may lie slightly outside of 0 to 1
    return fitcheck.images(found.reshape(len(codes), N_PIXELS).clip(0, 1), len(codes))


def main() -> None:
    """Rebuild the net that fit returned or load the one that was handed in, decode, return the images."""
    arrays = channel.read_arrays()
    problems: dict[str, str] = {}
    values: dict[str, Any] = {}
    fitted, codes = arrays["net"].tobytes(), arrays["codes"]
    with student_module.noted(problems, "images"):
        net = nets.handed_in(PARTS[3], fitted)[0] if arrays["saved"] else nets.restored(PARTS[3], fitted)
        values["images"] = images(net, codes, arrays["shape"])
    channel.hand_back(decode_layout(len(codes)), values, problems)


if __name__ == "__main__":
    main()
