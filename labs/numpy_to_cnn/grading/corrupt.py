"""Apply photo-like changes to images, in a process of its own, as the grader does not import torch.

python -m labs.numpy_to_cnn.grading.corrupt < images.npz > changed.npy
"""

import importlib
import io
import subprocess
import sys
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograder.registry import ROOT

LAB = ROOT / "labs" / "numpy_to_cnn"
# shares of images that are unchanged, and changed in ways that augment.py knows; the rest changes in ways held out from
# it. These are the weights of the three test sets in the course's later edition
UNCHANGED, KNOWN = 0.6, 0.3


class ChangesFailed(ValueError):
    """The functions that change images fail."""


def corrupted(x: NDArray[np.uint8], seed: int) -> NDArray[np.uint8]:
    """The images uint8 [N, 28, 28] with four tenths of them changed, chosen by this seed.

    Raises:
        ChangesFailed: augment.py or corruptions.py of the checkout raises.
        OSError: the process was killed.
    """
    content = io.BytesIO()
    np.savez(content, allow_pickle=False, x=x, seed=np.frombuffer(seed.to_bytes(32, "little"), np.uint8))
    command = [sys.executable, "-m", __spec__.name]
    done = subprocess.run(command, cwd=ROOT, input=content.getvalue(), capture_output=True)
    if done.returncode < 0:
        raise OSError(f"the process that changes images was ended by signal {-done.returncode}")
    if done.returncode:
        last = done.stderr.decode(errors="replace").strip().splitlines()[-1:]
        raise ChangesFailed(f"expected {LAB}/augment.py to keep its original functions, got {' '.join(last)[:300]}")
    changed: NDArray[np.uint8] = np.load(io.BytesIO(done.stdout), allow_pickle=False)
    return changed


def mixed(table: Any, x: NDArray[np.uint8], seed: int) -> NDArray[np.uint8]:
    """The result of `corrupted`; `table` is the module corruptions."""
    import torch

    rng = np.random.default_rng(seed)
    order = rng.permutation(len(x))
    bounds = [round(UNCHANGED * len(x)), round((UNCHANGED + KNOWN) * len(x))]
    _, known, new = np.split(order, bounds)
    kinds = [kind for kind in table.CORRUPTIONS if kind not in table.HELD_OUT]
    changed = x.copy()
    for rows, names in ((known, kinds), (new, list(table.HELD_OUT))):
        steps = [(kind, level) for level in range(5) for kind in names]
        for k, (kind, level) in enumerate(steps):
            chosen = rows[k :: len(steps)]
            change, strengths = table.CORRUPTIONS[kind]
            generator = torch.Generator().manual_seed(int(rng.integers(2**63)))
            if len(chosen):
                images = torch.from_numpy(x[chosen])[:, None].float() / 255
                found = change(images, strengths[level], generator)[:, 0].numpy()
                changed[chosen] = np.round(found.clip(0, 1) * 255).astype(np.uint8)
    return changed


def main() -> None:
    """Read images, change them, write them."""
    with np.load(io.BytesIO(sys.stdin.buffer.read()), allow_pickle=False) as arrays:
        x, seed = arrays["x"], int.from_bytes(arrays["seed"].tobytes(), "little")
    sys.path.insert(0, str(LAB))
    content = io.BytesIO()
    np.save(content, mixed(importlib.import_module("corruptions"), x, seed), allow_pickle=False)
    sys.stdout.buffer.write(content.getvalue())


if __name__ == "__main__":
    main()
