"""Inside a sandbox without students' code: open their weights as weights, count, name what a pickle asks for."""

import io
import json
import pickle
from typing import Any

import torch

from autograder import inside
from autograder.mp6.parts import PARTS, REFEREE_LAYOUT


def weights(data: bytes) -> Any:
    """What a file of torch.save holds, if it is tensors and plain containers.

    Raises:
        ValueError: anything else; the globals that a pickle asks for are named.
    """
    try:
        return torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    except pickle.UnpicklingError:
        names = torch.serialization.get_unsafe_globals_in_checkpoint(io.BytesIO(data))
        raise ValueError(f"pickle that asks for {', '.join(sorted(names)) or 'something else than weights'}") from None
    except Exception as error:  # a damaged file can end in any error of the unpickler's
        raise ValueError(f"damaged: {' '.join(str(error).split())[:200]}") from None


def main() -> None:
    """Count the parameters of each part, and say what each model file is."""
    arrays = inside.given()
    problems: dict[str, str] = {}
    counts: dict[str, Any] = {}
    for number in PARTS:
        if f"parameters {number}" in arrays:
            with inside.noted(problems, f"parameters {number}"):
                tensors = weights(arrays[f"parameters {number}"].tobytes())["parameters"]
                counts[str(number)] = [list(tensor.shape) for tensor in tensors]
        if f"saved {number}" in arrays:
            with inside.noted(problems, f"saved {number}"):
                weights(arrays[f"saved {number}"].tobytes())
    inside.hand_back(REFEREE_LAYOUT, {"counts": json.dumps(counts).encode()}, problems)


if __name__ == "__main__":
    main()
