"""Inside the sandbox: the student's net, with the weights of model.pt, and classify() on images of unknown class."""

import sys
from types import ModuleType
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from autograder.runner import channel, student_module, torch_file
from labs.numpy_to_cnn.grading.inside.stub_torchvision import without_torchvision
from labs.numpy_to_cnn.grading.layout import N_CLASSES, layout
from smallnets.cli import StudentError
from smallnets.student import student_code

FOLDER = str(student_module.SUBMISSION.absolute())
BATCH = 100


def net_of(module: ModuleType, path: str = "model.pt") -> tuple[torch.nn.Module, str]:
    """The net in the file, or a new MyNet with the file's weights; and a note on the file.

    Raises:
        StudentError, ValueError: it cannot be loaded, or holds weights of another net.
    """

    def build() -> torch.nn.Module:
        with student_code(FOLDER):
            hook = getattr(module, "get_model_class", None)
            kind = None if hook is None else hook(None)[0]
            # check_model_class judges the hook
            net: torch.nn.Module = kind() if isinstance(kind, type) else module.MyNet()
        return net

    return torch_file.net_in(path, module, build)


@torch.no_grad()
def labels(module: ModuleType, net: torch.nn.Module, x: NDArray[np.uint8]) -> NDArray[np.int64]:
    """The classes by classify for images uint8 [N, 28, 28], passed in batches float32 [B, 1, 28, 28] in [0, 1].

    Raises:
        StudentError: it raises.
        ValueError: it does not return a class for each image.
    """
    found = []
    for batch in torch.from_numpy(x)[:, None].split(BATCH):
        with student_code(FOLDER):
            answer = module.classify(net.eval(), batch.float() / 255)  # the contract asks for evaluation mode
            got = np.asarray(answer.cpu() if isinstance(answer, torch.Tensor) else answer)
        if got.shape != (len(batch),):
            raise ValueError(f"expected classify to return {[len(batch)]} classes, got an array {list(got.shape)}")
        if got.dtype.kind not in "iuf" or not np.isin(got, np.arange(N_CLASSES)).all():
            raise ValueError(f"expected classify to return classes from 0 to 9, got {got.dtype} such as {got[:5]}")
        found.append(got.astype(np.int64))
    return np.concatenate(found)


@torch.no_grad()
def greatest(net: torch.nn.Module, x: NDArray[np.uint8]) -> NDArray[np.int64] | None:
    """The index of the greatest output for each image, as classify should find it; None if the net gives none."""
    try:
        with student_code(FOLDER):
            outputs = [net.eval()(batch.float() / 255) for batch in torch.from_numpy(x)[:, None].split(BATCH)]
            found: NDArray[np.int64] = torch.cat(outputs).argmax(dim=1).numpy()
    except StudentError:  # main reports the errors of classify
        return None
    return found if found.shape == (len(x),) and (found < N_CLASSES).all() else None


def main() -> None:
    """Load the net, classify, return the classes."""
    x = channel.read_arrays()["x"]
    problems: dict[str, str] = {}
    values: dict[str, Any] = {}
    sys.path.insert(0, FOLDER)
    with student_module.noted(problems, "import"):
        with student_code(FOLDER):
            module = without_torchvision("pytorch_cnn")
        with student_module.noted(problems, "model"):
            net, problems["word"] = net_of(module)
            if (found := greatest(net, x)) is not None:
                values["greatest"] = found
            with student_module.noted(problems, "classify"):
                values["labels"] = labels(module, net, x)
    channel.hand_back(layout(len(x)), values, problems)


if __name__ == "__main__":
    main()
