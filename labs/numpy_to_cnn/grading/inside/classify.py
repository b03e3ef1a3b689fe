"""Inside the sandbox: the student's net, with the weights of model.pt, and classify() on images of unknown class."""

import sys
from collections.abc import Mapping
from types import ModuleType
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from autograder.runner import channel, student_module
from autograder.runner.torch_file import opened
from labs.numpy_to_cnn.grading.inside.stub_torchvision import without_torchvision
from labs.numpy_to_cnn.grading.layout import N_CLASSES, layout
from smallnets.cli import StudentError
from smallnets.student import student_code

FOLDER = str(student_module.SUBMISSION.absolute())
BATCH = 100
NESTED = ("state_dict", "model_state_dict", "model")  # keys of the weights in files with more than weights
PREFIXES = ("module.", "_orig_mod.")  # that DataParallel and the compiler put before names


def net_of(module: ModuleType, path: str = "model.pt") -> tuple[torch.nn.Module, str]:
    """The net in the file, or a new MyNet with the file's weights; and a note on the file.

    Raises:
        StudentError, ValueError: it cannot be loaded, or holds weights of another net.
    """
    with student_code(FOLDER):
        content, word = opened(student_module.HANDED_IN / path, module)
    for key in NESTED:
        if isinstance(content, dict) and isinstance(content.get(key), dict | torch.nn.Module):
            content = content[key]
    if isinstance(content, torch.nn.DataParallel | torch.nn.parallel.DistributedDataParallel):
        content = content.module
    if isinstance(content, torch.nn.Module):
        return content.float(), word
    if not isinstance(content, dict):
        raise ValueError(f"expected {path} to hold the state_dict of MyNet, got a {type(content).__name__}")
    with student_code(FOLDER):
        hook = getattr(module, "get_model_class", None)
        kind = None if hook is None else hook(None)[0]
        net: torch.nn.Module = kind() if isinstance(kind, type) else module.MyNet()  # check_model_class judges the hook
        net.load_state_dict(weights(content, set(net.state_dict())))
    return net, word


def weights(content: Mapping[str, Any], names: set[str]) -> Mapping[str, Any]:
    """A state_dict without the prefix of DataParallel or a compiler, unless the net has such names itself."""
    for prefix in PREFIXES:
        if content and all(name.startswith(prefix) for name in content) and not names & set(content):
            content = {name.removeprefix(prefix): value for name, value in content.items()}
    return content


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
