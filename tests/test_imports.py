"""The three circles of imports, enforced on the source of every file."""

import ast
import sys
from fnmatch import fnmatch
from pathlib import Path

import pytest
from conftest import ROOT, repository_files

ALONE = ["neuralnet_p*.py"]
HANDED_IN = [
    "labs/numpy_to_cnn/numpy_nn.py",
    "labs/numpy_to_cnn/pytorch_cnn.py",
    "labs/numpy_to_cnn/augment.py",
    "labs/beras/Beras/*.py",
    "labs/beras/assignment.py",
    "labs/batchnorm/layer.py",
    "labs/batchnorm/run_*.py",
    "labs/quickdraw/main_*.py",
    "labs/quickdraw/utils/accuracies.py",
    "labs/quickdraw/utils/images.py",
]
CORE = ["smallnets/*.py"]
DRIVERS = [
    "mp6.py",
    "reader.py",
    "data/*/prepare.py",
    "labs/numpy_to_cnn/corruptions.py",
    "labs/numpy_to_cnn/robustness.py",
    "labs/beras/preprocess.py",
    "labs/beras/visualize.py",
    "labs/batchnorm/utils.py",
    "labs/batchnorm/experiment.py",
    "labs/quickdraw/search.py",
    "labs/quickdraw/failures.py",
    "labs/quickdraw/curves.py",
    "labs/quickdraw/utils/io_argparse.py",
    "labs/quickdraw/utils/session.py",
]
BACK_ROOM = ["tests/*", "autograder/*", "records/*"]
CIRCLES = {"alone": ALONE, "handed in": HANDED_IN, "core": CORE, "driver": DRIVERS, "back room": BACK_ROOM}

TAUGHT = {"numpy", "torch"}
ROOM = {"tests", "autograder", "records"}
OURS = ROOM | {"smallnets", "reader", "mp6", "data", "labs", "neuralnet_p1", "neuralnet_p2", "neuralnet_p3"}


def circle_of(path: str) -> str:
    """The one circle whose patterns match a path relative to the root."""
    found = [name for name, patterns in CIRCLES.items() if any(fnmatch(path, p) for p in patterns)]
    if len(found) != 1:
        raise ValueError(f"expected one circle for {path}, got {', '.join(found) or 'none'}")
    return found[0]


def imports(tree: ast.AST, functions: tuple[str, ...] = ()) -> list[tuple[str, tuple[str, ...]]]:
    """(top-level name, names of the functions around it) of every absolute import."""
    found = []
    for node in ast.iter_child_nodes(tree):
        inside = (*functions, node.name) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) else functions
        if isinstance(node, ast.If) and ast.unparse(node.test) == "__name__ == '__main__'":
            inside = (*functions, "main")  # nobody who imports the file runs it
        if isinstance(node, ast.Import):
            found += [(alias.name.split(".")[0], functions) for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level != 1:  # one dot stays in the package
            found.append(("." * node.level + (node.module or "").split(".")[0], functions))
        found += imports(node, inside)
    return found


def lab_files(path: str) -> set[str]:
    """Names that a file of a lab can import from its own lab."""
    parts = Path(path).parts
    if parts[0] != "labs":
        return set()
    return {file.stem for file in (ROOT / parts[0] / parts[1]).glob("*")} | {Path(path).stem}


def violations(path: str, source: str) -> list[str]:
    """Every import of `source` that a file at `path` may not have."""
    try:
        circle, same_lab = circle_of(path), lab_files(path)
    except ValueError as error:
        return [str(error)]
    bad = []
    for name, functions in imports(ast.parse(source)):
        if circle == "alone":
            allowed = name in sys.stdlib_module_names or name in TAUGHT
        elif circle == "handed in":
            allowed = name in sys.stdlib_module_names | TAUGHT | same_lab
            allowed = allowed or (name == "matplotlib" and bool(functions))
            allowed = allowed or (name == "smallnets" and "main" in functions)
        elif circle == "core":
            allowed = name not in OURS - {"smallnets"} and not name.startswith(".")
        elif circle == "driver":
            allowed = name not in ROOM | {"mp6"}
        else:
            allowed = True
        if not allowed:
            bad.append(f"{path} imports {name}")
    return bad


def test_every_file_is_in_one_circle_and_keeps_to_it() -> None:
    sources = [path for path in repository_files() if path.endswith(".py")]
    assert len(sources) > 100 and "mp6.py" in sources
    assert [bad for path in sources for bad in violations(path, (ROOT / path).read_text(encoding="utf-8"))] == []


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("neuralnet_p2.py", "import smallnets.metrics"),
        ("neuralnet_p2.py", "def main():\n    from smallnets import plots"),
        ("neuralnet_p2.py", "def draw():\n    import matplotlib"),
        ("neuralnet_p1.py", "from neuralnet_p2 import NeuralNet"),
        ("neuralnet_p1.py", "from ..reader import load_dataset"),
        ("smallnets/metrics.py", "from ..reader import load_dataset"),
        ("labs/batchnorm/layer.py", "from smallnets import train"),
        ("labs/batchnorm/layer.py", "def draw():\n    from smallnets import plots"),
        ("labs/batchnorm/layer.py", "import matplotlib.pyplot as plt"),
        ("labs/batchnorm/layer.py", "if __name__ == 'layer':\n    from smallnets import train"),
        ("labs/batchnorm/layer.py", "import sklearn"),
        ("smallnets/metrics.py", "import reader"),
        ("smallnets/metrics.py", "def f():\n    import autograder.run"),
        ("mp6.py", "from tests import conftest"),
        ("data/mnist/prepare.py", "if True:\n    import records"),
    ],
)
def test_an_outward_import_is_found(path: str, source: str) -> None:
    assert violations(path, source) != []


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("neuralnet_p2.py", "import math, numpy as np\nfrom torch import nn"),
        ("labs/beras/assignment.py", "import preprocess\nfrom Beras import layers"),
        ("labs/batchnorm/run_mlp.py", "def main():\n    from smallnets import datasets"),
        ("labs/batchnorm/run_mlp.py", "if __name__ == '__main__':\n    from smallnets import cli"),
        ("labs/batchnorm/run_mlp.py", "def draw():\n    from matplotlib.figure import Figure"),
        ("smallnets/metrics.py", "from smallnets import files\nimport tqdm"),
        ("mp6.py", "import reader, neuralnet_p1"),
        ("tests/test_x.py", "import mp6, autograder, smallnets"),
    ],
)
def test_an_inward_import_is_allowed(path: str, source: str) -> None:
    assert violations(path, source) == []


def test_a_file_outside_the_layout_is_refused() -> None:
    with pytest.raises(ValueError, match="expected one circle for labs/beras/misc.py, got none"):
        circle_of("labs/beras/misc.py")
    assert len(violations("labs/beras/misc.py", "import autograder")) == 1
