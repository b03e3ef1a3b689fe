"""Jobs import torch without what a net does not need; what a student names is there all the same."""

import importlib.util
import subprocess
import sys

import pytest
from conftest import ROOT

pytestmark = pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="PyTorch is not installed")
START = "import sys; from autograder.runner import lazy_torch; lazy_torch.install(); import torch; "
LEFT = "print([name for name in lazy_torch.LATER if isinstance(sys.modules[name], lazy_torch.Later)] == "
NAMED = {
    "nothing": ("torch.nn.Linear(3, 2)(torch.ones(1, 3)).sum().backward()", "list(lazy_torch.LATER))"),
    "from": ("from torch.utils.data import DataLoader; DataLoader([1])", "list(lazy_torch.LATER[:-1]))"),
    "module below": (
        "import torch.distributions.normal as d; d.Normal(0, 1).sample()",
        "[name for name in lazy_torch.LATER if not name.endswith('distributions')])",
    ),
    "attribute": ("torch.utils.data.TensorDataset(torch.ones(2))", "list(lazy_torch.LATER[:-1]))"),
    "compiler": ("torch.compile(torch.nn.ReLU(), backend='aot_eager')(torch.ones(3))", "['torch.utils.data'])"),
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMED)
def test_a_module_of_torch_is_imported_when_it_is_named(name: str) -> None:
    code, left = NAMED[name]
    done = subprocess.run(
        [sys.executable, "-c", f"{START}{code}; {LEFT}{left}"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0 and done.stdout == "True\n", done.stderr


def test_nothing_changes_where_torch_is_there() -> None:
    code = "import torch, sys; from autograder.runner import lazy_torch; lazy_torch.install(); torch.utils.data.Dataset"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)
