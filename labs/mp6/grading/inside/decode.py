"""Inside the sandbox: part 3's decoders turn codes into images, in a process that never sees an image."""

from collections.abc import Callable
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
    """Decode for each net, return the images."""
    arrays = channel.read_arrays()
    problems: dict[str, str] = {}
    values: dict[str, Any] = {}
    fitted = arrays["net 3"].tobytes()
    loads: dict[str, Callable[[], Any]] = {
        "fitted": lambda: nets.restored(PARTS[3], fitted),
        "saved": lambda: nets.handed_in(PARTS[3], fitted)[0],
    }
    for which, load in loads.items():
        if f"{which} codes" in arrays:
            with student_module.noted(problems, which):
                values[which] = images(load(), arrays[f"{which} codes"], arrays[f"{which} shape"])
    channel.hand_back(decode_layout(int(arrays["n"])), values, problems)


if __name__ == "__main__":
    main()
