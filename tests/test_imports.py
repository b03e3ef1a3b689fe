"""The three circles of imports, enforced on the source of every file."""

import ast
import functools
import re
import sys
import tomllib
from fnmatch import fnmatch
from pathlib import Path

import pytest
from conftest import ROOT, repository_files

from autograder import registry

CORE = ["smallnets/*.py"]
BACK_ROOM = ["tests/*", "autograder/*", "records/*", "labs/*/grading/*"]
DRIVERS = ["mp6.py", "reader.py", "data/*/prepare.py", "labs/*"]  # of labs/, all that is in no other circle

TAUGHT = {"numpy", "torch"}
ROOM = {"tests", "autograder", "records"}
OURS = ROOM | {"smallnets", "reader", "mp6", "data", "labs", "neuralnet_p1", "neuralnet_p2", "neuralnet_p3"}


@functools.cache
def handed_in() -> set[str]:
    """The Python files that students write, by the declarations: required ones, and those that handouts change."""
    found = set()
    for lab in map(registry.load, registry.names()):
        assert lab.handout is not None, lab.name
        required = [f"{place}/{file.name}" for file in lab.hand_in if file.required for place in lab.places]
        names = {*required, *lab.handout.blanks, *lab.handout.drops, *lab.handout.says}
        paths = [Path(lab.handout.folder) / name.lstrip("/") for name in names if name.endswith(".py")]
        found |= {path.as_posix() for path in paths if (ROOT / path).is_file()}
    return found


def circle_of(path: str) -> str:
    """The circle of a path relative to the root: the innermost whose files it is one of."""
    if path in handed_in():
        return "alone" if "/" not in path else "handed in"
    circles = {"core": CORE, "back room": BACK_ROOM, "driver": DRIVERS}
    for name, patterns in circles.items():
        if any(fnmatch(path, pattern) for pattern in patterns):
            return name
    raise ValueError(f"expected a file of one of the circles, got {path}")


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
        if path.startswith("autograder/") and name == "labs":
            bad.append(f"{path} imports a lab by name")
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
        ("autograder/lab.py", "from labs.mp6.grading import jobs"),
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
    with pytest.raises(ValueError, match="expected a file of one of the circles, got misc.py"):
        circle_of("misc.py")
    assert len(violations("misc.py", "import autograder")) == 1


def test_students_files_are_those_that_the_declarations_name() -> None:
    assert {f"neuralnet_p{part}.py" for part in (1, 2, 3)} <= handed_in()
    assert {"labs/beras/Beras/core.py", "labs/quickdraw/utils/accuracies.py", "labs/batchnorm/layer.py"} <= handed_in()
    assert not handed_in() & {"mp6.py", "labs/batchnorm/utils.py", "labs/quickdraw/utils/session.py"}


def test_mypy_looks_into_the_grading_of_every_lab() -> None:
    with open(ROOT / "pyproject.toml", "rb") as file:
        patterns = tomllib.load(file)["tool"]["mypy"]["exclude"]
    sources = [Path(path) for path in repository_files() if fnmatch(path, "labs/*/grading/*.py")]
    # mypy holds each folder on the way against the patterns, too, with a slash at its end
    seen = {path.as_posix() for path in sources} | {f"{folder}/" for path in sources for folder in path.parents[:-1]}
    assert len(sources) > 40 and not [path for path in seen for pattern in patterns if re.search(pattern, path)]
