"""A student's traceback is the student's lines, a count of a library's, the error, and a hint where there is one."""

from pathlib import Path

import pytest

from smallnets import tracebacks
from smallnets.cli import StudentError
from smallnets.student import student_code

SLIPS = {
    "labels that are not int64": (
        "import torch\ntorch.nn.functional.cross_entropy(torch.zeros(2, 3), torch.zeros(2))",
        "labels.long()",
    ),
    "a GPU": ("raise AssertionError('Torch not compiled with CUDA enabled')", "remove .cuda()"),
    "flat images before a convolution": (
        "import torch\ntorch.nn.Conv2d(1, 3, 3)(torch.zeros(2, 784))",
        "x.view(-1, 1, 28, 28)",
    ),
    "pictures before a linear layer": (
        "import torch\ntorch.nn.Linear(784, 3)(torch.zeros(2, 1, 28, 28))",
        "x.flatten(1)",
    ),
    "images of float64": ("import torch\ntorch.nn.Linear(4, 3)(torch.zeros(2, 4).double())", "must be float32"),
    "pixels before a convolution": (
        "import torch\ntorch.nn.Conv2d(1, 3, 3)(torch.zeros(2, 1, 9, 9, dtype=torch.uint8))",
        "torch.from_numpy(images).float()",
    ),
    "a file from a GPU": (
        "raise RuntimeError('Attempting to deserialize object on a CUDA device but ...')",
        "map_location='cpu'",
    ),
    "a gradient": ("import torch\ntorch.zeros(2, requires_grad=True).numpy()", "x.detach().numpy()"),
    "nothing written yet": ("def fit(): raise NotImplementedError\nfit()", "fit is not written yet"),
    "a window for pictures": (
        "raise ImportError(\"Cannot load backend 'TkAgg' which requires the 'tk' interactive framework\")",
        "remove matplotlib.use",
    ),
    "a full disk": ("raise OSError(28, 'No space left on device')", "save the net once"),
}


def told(source: str, folder: Path) -> list[str]:
    """The lines of the error of a student's file."""
    path = folder / "answer.py"
    path.write_text(source)
    with pytest.raises(StudentError) as caught, student_code(path):
        exec(compile(source, str(path), "exec"), {"__name__": "answer"})
    return str(caught.value).splitlines()


@pytest.mark.parametrize(("source", "words"), SLIPS.values(), ids=list(SLIPS))
def test_a_common_slip_is_the_students_lines_the_error_and_a_hint(source: str, words: str, tmp_path: Path) -> None:
    if "import torch" in source:
        pytest.importorskip("torch")
    lines = told(source, tmp_path)
    assert lines[0].startswith("Traceback") and lines[-1].startswith(tracebacks.HINT) and words in lines[-1]
    files = [line for line in lines if line.startswith("  File")]
    assert files and all(str(tmp_path) in line for line in files)
    assert sum(line.startswith("  ... ") for line in lines) <= 1 and len(lines) <= 10


def test_an_error_that_we_know_nothing_about_has_no_hint(tmp_path: Path) -> None:
    lines = told("import json\njson.loads('{')", tmp_path)
    assert lines[-1].startswith("json.decoder.JSONDecodeError")
    assert lines[-2] == "  ... 3 frames in Python"


def test_the_error_behind_an_error_is_folded_too(tmp_path: Path) -> None:
    lines = told(
        "import json\ntry: json.loads('{')\nexcept ValueError as error: raise KeyError('k') from error", tmp_path
    )
    assert lines.count("  ... 3 frames in Python") == 1 and lines[-1] == "KeyError: 'k'"
    assert not any("json/" in line for line in lines)
