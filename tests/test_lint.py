"""Linting source files without running them: a finding for each common mistake, and no file breaks the linter."""

import ast
import dataclasses
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograder.lab import HandIn
from autograder.lint import files as files_module
from autograder.lint.__main__ import findings
from autograder.lint.files import lint_files

FIT = ("train_set", "train_labels", "dev_set", "n_iter")
METHODS = ("__init__", "set_parameters", "get_parameters", "forward", "step")
NAME = "neuralnet_p2.py"
HAND_IN = HandIn(NAME, functions={"fit": FIT}, classes={"NeuralNet": METHODS})
GOOD_FIT = "def fit(train_set, train_labels, dev_set, n_iter, batch_size=100):\n    return [], 1, 2\n"
GOOD_CLASS = "class NeuralNet(torch.nn.Module):\n" + "".join(
    f"    def {name}(self): return 1\n" for name in METHODS[1:]
)
GOOD = f"import numpy as np\nimport torch\n{GOOD_CLASS}{GOOD_FIT}"


def notes(source: str | bytes, folder: Path) -> list[str]:
    """What is said, through the process of its own."""
    path = folder / NAME
    path.write_bytes(source.encode() if isinstance(source, str) else source)
    model = folder / "net_p2.model"
    model.write_bytes(b"\0no source")
    return lint_files({NAME: path, model.name: model}, [HAND_IN, HandIn(model.name), HandIn("absent.py")])


def found(source: str, own: tuple[str, ...] = ()) -> list[tuple[int, str]]:
    """What is found, in this process."""
    return findings(source, {"fit": list(FIT)}, {"NeuralNet": list(METHODS)}, list(own))


def pythons(source: str) -> str:
    """How this version of Python names the mistake."""
    try:
        compile(source, "", "exec", ast.PyCF_ONLY_AST)
    except SyntaxError as error:
        return error.msg
    return "no mistake"


def test_notes_name_file_and_line(tmp_path: Path) -> None:
    assert notes(GOOD, tmp_path) == []
    assert notes("\n" + GOOD.replace("train_labels", "labels"), tmp_path) == [
        "neuralnet_p2.py, line 9: expected fit(train_set, train_labels, dev_set, n_iter, ...),"
        " got fit(train_set, labels, dev_set, n_iter, batch_size)"
    ]
    assert notes(GOOD_FIT, tmp_path) == ["neuralnet_p2.py: expected a class NeuralNet, found none"]


def test_a_lab_says_why_it_wants_no_such_name(tmp_path: Path) -> None:
    path = tmp_path / NAME
    for source in (
        "from torch.utils.data import DataLoader\n" + GOOD,
        "import torch.utils.data as data\nx = data.DataLoader\n" + GOOD,
        "from torch.utils.data import DataLoader as Batches, Dataset\nx = DataLoader\n" + GOOD,
    ):
        path.write_text(source)
        unwanted = dataclasses.replace(HAND_IN, unwanted={"DataLoader": "cut the batches by hand"})
        (note,) = lint_files({NAME: path}, [unwanted])
        assert note.endswith(": DataLoader is not wanted here: cut the batches by hand") and "line " in note
        assert lint_files({NAME: path}, [HAND_IN]) == []


def test_a_lab_names_the_modules_that_are_there(tmp_path: Path) -> None:
    path = tmp_path / NAME
    path.write_text("import matplotlib.pyplot\nimport scipy\n" + GOOD)
    told = lint_files({NAME: path}, [HandIn(NAME, modules=("matplotlib",))])
    assert told == ["neuralnet_p2.py, line 2: the module scipy may be missing when this is graded"]


def test_files_of_a_package_may_import_each_other(tmp_path: Path) -> None:
    (tmp_path / "Beras").mkdir()
    files = {name: tmp_path / name for name in ("Beras/core.py", "Beras/layers.py", "main.py")}
    for name, source in (("Beras/core.py", ""), ("Beras/layers.py", "from .core import x\nfrom ..a import b\n"),
                         ("main.py", "import Beras.layers\nfrom .layers import x\n")):  # fmt: skip
        files[name].write_text(source)
    told = lint_files(files, [HandIn(name) for name in files])
    assert [note.partition("` needs")[0] for note in told] == [
        "Beras/layers.py, line 2: `from ..a import",
        "main.py, line 2: `from .layers import",
    ]


def test_nothing_is_run_and_nothing_imported(tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    (tmp_path / "torch.py").write_text(f"open({str(trace)!r}, 'w')")
    notes(f"import torch\nopen({str(trace)!r}, 'w')\n{GOOD}", tmp_path)
    assert not trace.exists()


@pytest.mark.parametrize(
    "source",
    [
        GOOD.replace("n_iter, batch_size=100", "n_iter"),
        GOOD.replace("n_iter, batch_size=100", "n_iter, *, seed=0"),
        GOOD.replace("train_set, train_labels, dev_set, n_iter, batch_size=100", "*args, **kwargs"),
        GOOD.replace("train_labels, dev_set, n_iter, batch_size=100", "*args"),
        GOOD.replace("n_iter, batch_size=100", "n_iter, /"),
        GOOD.replace("def fit", "def train") + "fit = train",
        GOOD.replace("def fit", "def train") + "from helper import fit  # noqa",
        GOOD.replace(GOOD_FIT, "from helper import *"),
        GOOD.replace(GOOD_FIT, "if torch:\n    " + GOOD_FIT.replace("\n", "\n    ")),
        GOOD + "if __name__ == '__main__':\n    fit(1, 2, 3, 4)\n    input()",
        GOOD + "if '__main__' == __name__:\n    fit(1, 2, 3, 4)",
        GOOD + "def f():\n    input()\n    fit(1)\ng = lambda: input()",
        GOOD + "try:\n    import tqdm\nexcept ImportError:\n    tqdm = None",
        GOOD + "class Other:\n    def fit(self): ...",
        GOOD.replace("return [], 1, 2", "if n_iter < 0:\n        raise NotImplementedError\n    return [], 1, 2"),
        "class Base(torch.nn.Module):\n    def step(self): return 1\n"
        + GOOD.replace("NeuralNet(torch.nn.Module)", "NeuralNet(Base)").replace(
            "    def step(self): return 1\n", "", 1
        ),
        GOOD.replace("torch.nn.Module", "somewhere.Base").replace("    def step(self): return 1\n", ""),
        GOOD.replace("    def step(self): return 1\n", "    step = torch.no_grad()(len)\n"),
        "x = '%matplotlib'\ny = '''\n%matplotlib inline\n!pip\n'''\n" + GOOD,
    ],
)
def test_nothing_is_said_of_what_works(source: str) -> None:
    assert found(source, own=("helper",)) == []


@pytest.mark.parametrize(
    ("source", "line", "words"),
    [
        ("def fit(x)\n    return 1", 1, "syntax error in `def fit(x)`: {pythons}"),
        ("x = 1\nprint 'hello'", 2, "in `print 'hello'`: {pythons}"),
        ("x = '\u201c\ny = 2", 1, "syntax error in `x = '\u201c`: {pythons}"),
        ("if 1:\n    x = 1\n\ty = 2", 3, "tabs and spaces are mixed in the indentation"),
        ("def f():\nx = 1", 2, "the indentation is wrong in `x = 1`: {pythons}"),
        ("x = 1\n    y = 2", 2, "the indentation is wrong in `y = 2`: {pythons}"),
        ("x = " + "9" * 5000, 1, "{pythons}"),
        ("x = 1\n%matplotlib inline\n" + GOOD, 2, "only notebooks understand `%matplotlib inline`"),
        ("%%time\n" + GOOD, 1, "only notebooks understand `%%time`"),
        (GOOD + "if 1:\n    !pip install x", 11, "only notebooks understand `!pip install x`"),
        (GOOD + "get_ipython().magic('x')", 10, "get_ipython() is called when the file is imported and exists in"),
        (
            GOOD.replace("def fit", "def Fit"),
            8,
            "a function fit(train_set, train_labels, dev_set, n_iter, ...), found Fit",
        ),
        (
            GOOD.replace("def fit", "def train"),
            0,
            "expected a function fit(train_set, train_labels, dev_set, n_iter, ...)",
        ),
        (GOOD.replace("def fit", "async def fit"), 8, "expected `def fit`, got `async def fit`"),
        (GOOD.replace(GOOD_FIT, "class fit:\n    x = 1"), 8, "expected a function fit, got a class"),
        (
            GOOD.replace("def fit", "    def fit").replace("    return", "        return"),
            8,
            "inside the class NeuralNet",
        ),
        (GOOD.replace("train_set, train_labels", "train_labels, train_set"), 8, "got fit(train_labels, train_set,"),
        (GOOD.replace("train_set, train_labels", "x, *y"), 8, "got fit(x, *y)"),
        (GOOD.replace("n_iter, batch_size=100", "*, n_iter"), 8, "got fit(train_set, train_labels, dev_set)"),
        (GOOD.replace(", n_iter, batch_size=100", ""), 8, "got fit(train_set, train_labels, dev_set)"),
        (GOOD.replace("batch_size=100", "batch_size"), 8, "fit needs a default for batch_size"),
        (GOOD.replace("batch_size=100", "*, seed, lr=1"), 8, "fit needs a default for seed"),
        (GOOD.replace("return [], 1, 2", "'''Fit.'''; raise NotImplementedError"), 9, "fit is not written yet"),
        (
            GOOD.replace("return [], 1, 2", "raise NotImplementedError('write this')\n    return 1"),
            9,
            "fit still raises NotImplementedError",
        ),
        (GOOD.replace("return [], 1, 2", "'''Fit.'''\n    pass"), 8, "fit has no code yet"),
        (GOOD.replace("return [], 1, 2", "..."), 8, "fit has no code yet"),
        (
            GOOD.replace("step(self): return 1", "step(self): raise NotImplementedError()"),
            7,
            "NeuralNet.step is not written yet",
        ),
        (GOOD.replace("forward(self): return 1", "forward(self): pass"), 6, "NeuralNet.forward has no code yet"),
        (GOOD.replace("def step", "def Step"), 7, "a method step in the class NeuralNet, found Step"),
        (GOOD.replace("def step", "async def step"), 7, "expected `def step`, got `async def step`"),
        (GOOD.replace("def forward", "def other"), 3, "expected a method forward in the class NeuralNet, found none"),
        (GOOD.replace("class NeuralNet", "class Neuralnet"), 3, "expected a class NeuralNet, found Neuralnet"),
        (GOOD.replace(GOOD_CLASS, "def NeuralNet(): return 1\n"), 3, "expected a class NeuralNet, got a function"),
        (
            "class NeuralNet(NeuralNet, A): x = 1\nclass A(NeuralNet): x = 1\n" + GOOD_FIT,
            1,
            "expected a method forward",
        ),
        (
            GOOD + "if __name__ == '__main__':\n    def f(): ...\nelse:\n    fit(1)",
            13,
            "fit() is called when the file is",
        ),
        (GOOD + "x, y, z = fit(1, 2, 3, 4)", 10, "fit() is called when the file is imported and takes its time"),
        (GOOD + "class A:\n    x = input('?')", 11, "input() is called when"),
        (GOOD + "def f(x=input()): ...", 10, "input() is called when"),
        (
            GOOD + "for i in 1, 2:\n    plt.show()",
            11,
            "plt.show() is called when the file is imported and opens a window",
        ),
        (GOOD + "sys.exit(0)", 10, "sys.exit() is called when the file is imported and ends the program"),
        ("import sklearn.svm\n" + GOOD, 1, "the module sklearn may be missing when this is graded"),
        (GOOD + "def f():\n    from matplotlib import pyplot", 11, "the module matplotlib may be missing"),
        ("from .helper import x\n" + GOOD, 1, "`from .helper import` needs a package"),
        (GOOD + "x = open('/home/me/data.npy')", 10, "the path '/home/me/data.npy' is on your computer only"),
        (GOOD + "x = f'/Users/me/{1}'", 10, "the path '/Users/me/' is on your computer only"),
        (GOOD + "x = r'C:\\Users\\me'", 10, "is on your computer only"),
        (GOOD + "def f(x): return x.astype(np.int)", 10, "np.int was removed from NumPy; write int"),
        (GOOD + "def f(x): return np.product(x)", 10, "np.product was removed from NumPy; write np.prod"),
    ],
)
def test_a_mistake_is_named(source: str, line: int, words: str) -> None:
    words = words.replace("{pythons}", pythons(source))
    assert any(at == line and words in text for at, text in found(source)), found(source)


def test_what_comes_after_a_line_for_notebooks_is_looked_at() -> None:
    lines = [line for line, _ in found("%a\n!b\n" + GOOD.replace("return [], 1, 2", "pass"))]
    assert lines == [1, 2, 10]
    assert len(found("%a\n" * 1000)) < 50


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("x = " + "(" * 10_000, "line 1: syntax error in `x = ((("),
        ("x = " + "-" * 90_000 + "1", "nested too deeply or too large"),
        ("x = 1" + "+1" * 90_000, "nested too deeply or too large"),
        ("x = a" + ".b" * 90_000, "nested too deeply or too large"),
        ("if 1:\n pass\n" + "elif 1:\n pass\n" * 9_000, "nested too deeply or too large"),
        pytest.param(b"x = 1\n\0", "line 2: expected text, got a NUL byte", id="NUL"),
        pytest.param(b"x = '\xff'", "line 1: expected utf-8, got the byte 0xff", id="not UTF-8"),
        ("# " + "x" * 200_000 + "\nx = (", "line 2: syntax error"),
        ("x" * 200_000 + " y", "line 1: syntax error in `xxx"),
        pytest.param("x = 1 \x1b[31m\u202e\n", "syntax error", id="control characters"),
        ("# coding: unicode_escape\nx = '\\ud800'", "cannot parse"),
    ],
)
def test_hostile_source_gives_a_note(source: str | bytes, words: str, tmp_path: Path) -> None:
    said = notes(source, tmp_path)
    assert any(words in note for note in said), said
    assert all(note.isprintable() and len(note) <= files_module.LONGEST for note in said)


def test_a_large_file_that_is_fine_is_looked_at(tmp_path: Path) -> None:
    assert notes(GOOD + "x = [" + "1," * 95_000 + "]\ny = 0x" + "f" * 9000, tmp_path) == []


def test_notes_are_not_without_end(tmp_path: Path) -> None:
    said = notes(GOOD + "import sklearn\n" * 1000, tmp_path)
    assert len(said) == files_module.MOST_NOTES + 1 and said[-1] == "neuralnet_p2.py: 980 more like these"


def test_classes_that_extend_each_other_many_times_take_no_time() -> None:
    chain = "".join(f"class A{i}(A{i - 1}, A{i - 1}): x = 1\n" for i in range(1, 60))
    assert found(f"class A0: x = 1\n{chain}class NeuralNet(A59): x = 1\n{GOOD_FIT}")


def test_a_parser_that_dies_or_hangs_gives_a_note(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files_module, "SECONDS", 0.001)
    assert notes(GOOD, tmp_path) == [f"{NAME}: it was not checked, as that took too long"]
    monkeypatch.setattr(files_module, "SECONDS", 10)
    monkeypatch.setattr(files_module, "ROOT", tmp_path)  # where there is no such module
    assert notes(GOOD, tmp_path) == [f"{NAME}: it was not checked, as it is too much for Python's own parser"]


PIECES = [
    "def fit(",
    "class NeuralNet",
    ":",
    "\n",
    "    ",
    "\t",
    "(",
    ")",
    "*",
    "pass",
    "x",
    "=",
    "%",
    "!",
    "import ",
    ".",
]


@settings(max_examples=60, deadline=None)
@given(st.text() | st.lists(st.sampled_from(PIECES)).map("".join))
def test_any_text_is_looked_at(source: str) -> None:
    lines = source.count("\n") + source.count("\r") + 1
    assert all(0 <= line <= lines and text for line, text in found(source))
