"""The NumPy and CNN lab graded for real: wrong solutions, other courses' right ones, cheats, and the hidden images."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from conftest import ROOT
from graded import Edits, graded, lost, own, submission, tier
from test_numpy_nn import MUTANTS as NUMPY
from test_pytorch_cnn import MUTANTS as TORCH

from autograder.sandbox.job import Tier
from autograder.sandbox.run import Launch
from labs.numpy_to_cnn.grading import data, hidden
from labs.numpy_to_cnn.grading.declaration import LAB
from smallnets import zipping
from smallnets.data import fashion

pytestmark = pytest.mark.slow
FOLDER = ROOT / "labs/numpy_to_cnn"
HIDDEN = {"4.1", "4.2", "4.3"}

# a mistake -> the checks that it costs, and words that name it: one mistake costs one check
LOSSES: dict[str, tuple[set[str], str]] = {
    "b drawn before W": ({"1.1"}, "Linear.W at the start"),
    "the class alone from a hook": (
        {"1.1"},
        "expected [Linear], the class in a list, got the class alone",
    ),
    "an object from a hook": ({"1.1"}, "get_relu_class: expected [ReLU], the class in a list, got an object"),
    "no bias": ({"1.2"}, "b is not added"),
    "transposed": ({"1.3"}, "W is not transposed"),
    "outer product the other way": ({"1.4"}, "it is transposed, [B, out, in]"),
    "summed instead of per sample": ({"1.4"}, "the sum over the samples, in place of each sample's own"),
    "gradient of the batch alone": ({"1.4"}, "it is summed over the samples"),
    "divided by the samples": ({"1.4"}, "divided by the number of samples"),
    "sign of the gradient": ({"1.4"}, "its sign is reversed"),
    "bias gradient without its axis": ({"1.5"}, "its middle axis is missing"),
    "copies instead of live parameters": ({"1.6"}, "params() must return the layer's own arrays, no copies"),
    "stale input": ({"1.7"}, "keep the x of the last call"),
    "no copy of the input": ({"1.7"}, "keep a copy of x in forward"),
    "ReLU in place": ({"1.8"}, "ReLU.forward changed an array that it was given"),
    "ReLU passes everything back": ({"1.9"}, "it passes all of dL back"),
    "ReLU changes the gradient in place": ({"1.9"}, "ReLU.backward changed an array that it was given"),
    "sigmoid of minus x": ({"1.10"}, "the sign of x is reversed"),
    "sigmoid's derivative of x": ({"1.11"}, "the factor 1 - a is missing"),
    "squared error averaged": ({"1.12"}, "it is the mean, not each element's"),
    "squared error without its 2": ({"1.13"}, "the factor 2 is missing"),
    "squared error's sign": ({"1.13"}, "its sign is reversed"),
    "squared error's gradient averaged": ({"1.13"}, "divided by the number of elements"),
    "unsigned labels wrap": ({"1.12", "1.13"}, "of labels in uint8"),
    "least probable class": ({"3.3"}, "the greatest output's index"),
    "probabilities instead of their logarithms": ({"3.1"}, "FCNet"),
    "another kernel": ({"3.1"}, "SimpleCNN"),
    "no ReLU": ({"3.1"}, "SimpleCNN"),
    "an instance instead of the class": ({"3.2"}, "get_model_class"),
    "eleven classes": ({"3.2"}, "MyNet: expected outputs"),
    "classes in a column": ({"3.3"}, "classify: expected int64"),
    "as floats": ({"3.3"}, "classify: expected int64"),
}
# what the contract leaves open, or names among what is to be graded fairly
OPEN = {
    "1.": ("sigmoid that overflows", "ReLU always float64"),
    "3.": ("no evaluation mode", "bytes taken for fractions", "any shape passes", "brightness not cancelled"),
}
MORE = {
    "ReLU always float64": ("return np.maximum(self.x, 0)", "return np.maximum(self.x.astype(float), 0)"),
    "eleven classes": ("nn.Linear(128, 10)", "nn.Linear(128, 11)"),
    "classes in a column": (".argmax(dim=1) for", ".argmax(dim=1, keepdim=True) for"),
    "as floats": (".argmax(dim=1) for", ".argmax(dim=1).float() for"),
}


@pytest.mark.parametrize("name", LOSSES)
def test_a_mutant_loses_exactly_the_checks_that_should_catch_it(name: str, tmp_path: Path, forked: Launch) -> None:
    file, part = ("numpy_nn.py", "1.") if name in NUMPY else ("pytorch_cnn.py", "3.")
    found = lost(graded(LAB, submission(LAB, tmp_path, {file: ((NUMPY | TORCH | MORE)[name],)}), part, forked=forked))
    numbers, words = LOSSES[name]
    assert set(found) == numbers and all(words in text for text in found.values()), found
    assert all("expected" in text or "Traceback" in text for text in found.values()), found


@pytest.mark.parametrize("name", ["least probable class", "classes in a column", "an instance instead of the class"])
def test_a_mistake_in_classify_or_its_hook_costs_nothing_of_the_hidden_images(
    name: str, tmp_path: Path, forked: Launch
) -> None:
    report = graded(LAB, submission(LAB, tmp_path, {"pytorch_cnn.py": ((TORCH | MORE)[name],)}), "4.", forked=forked)
    assert lost(report) == {}
    assert ("classify is wrong, which 3.3 judges" in report.tests[0].output) == (name[:3] != "an ")


@pytest.mark.parametrize("part", OPEN)
def test_what_the_contract_leaves_open_costs_nothing(part: str, tmp_path: Path, forked: Launch) -> None:
    edits = tuple((NUMPY | TORCH | MORE)[name] for name in OPEN[part])
    file = "numpy_nn.py" if part == "1." else "pytorch_cnn.py"
    assert lost(graded(LAB, submission(LAB, tmp_path, {file: edits}), part, forked=forked)) == {}


# as a student of the course wrote it, on its template of 2021, without the later hooks
STUDENT = """
import copy
import matplotlib.pyplot as plt
import numpy as np

class Linear:
    def __init__(self, input_dimension, output_dimension):
        self.input_dimension = input_dimension
        self.output_dimension = output_dimension
        self.W = np.random.randn(input_dimension, output_dimension) / 100
        self.b = np.random.randn(1, output_dimension) / 100
        self.dL_wrt_W = None
        self.dL_wrt_b = None
        self.x = None

    def forward(self, x):
        self.x = copy.deepcopy(x)
        return np.dot(x, self.W) + self.b

    def backward(self, dL_wrt_output):
        self.dL_wrt_b = dL_wrt_output[:, np.newaxis, :]
        self.dL_wrt_W = np.einsum("bi,bj->bij", self.x, dL_wrt_output)
        return np.dot(dL_wrt_output, self.W.T)

    def params(self):
        return {'W': self.W, 'b': self.b}

    def grads(self):
        return {'W': self.dL_wrt_W, 'b': self.dL_wrt_b}

class ReLU:
    def forward(self, x):
        self.x = x.copy()
        return x * (x > 0)

    def backward(self, dL_wrt_output):
        return dL_wrt_output * (self.x >= 0)

class Sigmoid:
    def forward(self, x):
        self.a = 1 / (1 + np.exp(-x))
        return self.a

    def backward(self, dL_wrt_output):
        return dL_wrt_output * self.a * (1 - self.a)

class SE:
    def forward(self, x, y):
        self.x, self.y = x, y
        return (x - y) ** 2

    def backward(self):
        return 2 * (self.x - self.y)

def show_classification(test_images, labels, letters):
    return np.zeros(labels.shape, np.int)

plt.plot([1, 2])
plt.show()
"""


def replaced(folder: Path, contents: dict[str, str | bytes]) -> Path:
    """A zip of our solution with other contents of some files."""
    files = own(LAB)
    for name, content in contents.items():
        files[name] = folder / name
        files[name].write_bytes(content.encode() if isinstance(content, str) else content)
    zipping.write(folder / "work.zip", files)
    return folder / "work.zip"


def test_layers_in_another_style_get_full_marks(tmp_path: Path, forked: Launch) -> None:
    report = graded(LAB, replaced(tmp_path, {"numpy_nn.py": STUDENT}), "1.", forked=forked)
    assert lost(report) == {}
    assert "np.int was removed from NumPy; write int instead" in report.output


def test_a_name_that_numpy_gave_up_is_explained(tmp_path: Path, forked: Launch) -> None:
    source = STUDENT.replace("(self.x >= 0)", "(self.x >= 0).astype(np.int)")
    found = lost(graded(LAB, replaced(tmp_path, {"numpy_nn.py": source}), "1.", forked=forked))
    assert set(found) == {"1.9"} and "use `int` by itself" in found["1.9"]


# the template's imports, of what is not there; dropout in MyNet, and no evaluation mode in classify
TORCHVISION: Edits = (
    ("import numpy as np\n", "import numpy as np\nfrom torchvision import datasets, transforms\n"),
    ("SHIPPED = Path", "to_tensor = transforms.Compose([transforms.ToTensor()])\nSHIPPED = Path"),
    (
        "        self.layers = nn.Sequential(\n",
        "        self.drop = nn.Dropout(0.9)\n        self.layers = nn.Sequential(\n",
    ),
    ("        x = x - x.mean(", "        x = self.drop(x)\n        x = x - x.mean("),
    TORCH["no evaluation mode"],
)


def test_a_net_that_needs_evaluation_mode_and_imports_torchvision_gets_full_marks(
    tmp_path: Path, forked: Launch
) -> None:
    path = submission(LAB, tmp_path, {"pytorch_cnn.py": TORCHVISION})
    assert lost(graded(LAB, path, "3.", forked=forked)) == {} == lost(graded(LAB, path, "4.", forked=forked))


def test_torchvision_in_use_is_named(tmp_path: Path, forked: Launch) -> None:
    edits = (*TORCHVISION, ("x = self.drop(x)", "x = to_tensor(x)"))
    found = lost(graded(LAB, submission(LAB, tmp_path, {"pytorch_cnn.py": edits}), "4.", forked=forked))
    assert set(found) == HIDDEN and "torchvision is for training only" in found["4.1"]


def as_main(folder: Path) -> bytes:
    """A whole net as torch.save(net) writes it in a program, so that its class is one of `__main__`."""
    source = (FOLDER / "pytorch_cnn.py").read_text().rpartition('if __name__ == "__main__":')[0]
    shutil.copy(FOLDER / "augment.py", folder)
    (folder / "program.py").write_text(
        f"{source}\nnet = MyNet()\nnet.load_state_dict(torch.load({str(FOLDER / 'model.pt')!r}))\n"
        "torch.save(nn.DataParallel(net), 'whole.pt')\n"
    )
    subprocess.run([sys.executable, "program.py"], cwd=folder, check=True)
    return (folder / "whole.pt").read_bytes()


def saved(folder: Path, form: str, monkeypatch: pytest.MonkeyPatch) -> bytes:
    """The weights of our net in another form."""
    state = torch.load(FOLDER / "model.pt", weights_only=True)
    content: Any = state
    if form == "parallel":
        content = {f"module.{name}": value for name, value in state.items()}
    elif form == "checkpoint":
        content = {"epoch": 3, "model_state_dict": state, "optimizer_state_dict": {"lr": 0.1}}
    elif form == "gpu":
        monkeypatch.setattr(torch.serialization, "location_tag", lambda storage: "cuda:0")
    elif form == "whole":
        return as_main(folder)
    torch.save(content, folder / "form.pt")
    return (folder / "form.pt").read_bytes()


@pytest.mark.parametrize("form", ["parallel", "checkpoint", "gpu", "whole"])
def test_weights_in_another_form_get_full_marks(
    form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, forked: Launch
) -> None:
    content = saved(tmp_path, form, monkeypatch)
    if form == "gpu":
        with pytest.raises(RuntimeError, match="CUDA"):
            torch.load(tmp_path / "form.pt")
    report = graded(LAB, replaced(tmp_path, {"model.pt": content}), "4.", forked=forked)
    assert lost(report) == {}
    assert ("__main__.MyNet" in report.tests[0].output) == (form == "whole")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"no model", "expected model.pt to be a file of torch.save, got a text that begins 'no model'"),
        ("comparison/fcnet.pt", "weights of MyNet, got those of another net: it lacks"),
    ],
    ids=["text", "another net"],
)
def test_a_model_file_that_is_none_of_mynet_loses_what_needs_it(
    content: str | bytes, words: str, tmp_path: Path, forked: Launch
) -> None:
    content = (FOLDER / content).read_bytes() if isinstance(content, str) else content
    report = graded(LAB, replaced(tmp_path, {"model.pt": content}), "4.", forked=forked)
    assert set(lost(report)) == HIDDEN and words in lost(report)["4.1"] and report.columns == ()
    assert report.tests[0].cause == "bad model file"


@pytest.mark.parametrize(("name", "loses"), [("fcnet", {"4.2", "4.3"}), ("simplecnn", {"4.3"})])
def test_weaker_nets_get_fewer_points(name: str, loses: set[str], tmp_path: Path, forked: Launch) -> None:
    """The linear net's features, shuffled a little, stay below the baseline; the small convolution is above it."""
    state = torch.load(FOLDER / f"comparison/{name}.pt", weights_only=True)
    if name == "fcnet":
        state["fc.weight"] += 0.1 * torch.randn(10, 784, generator=torch.Generator().manual_seed(0))
    torch.save(state, tmp_path / "state.pt")
    hook = ("    return [MyNet]\n", f"    return [{'FCNet' if name == 'fcnet' else 'SimpleCNN'}]\n")
    (tmp_path / "a").mkdir()
    source = (FOLDER / "pytorch_cnn.py").read_text().replace(*hook)
    path = replaced(tmp_path / "a", {"pytorch_cnn.py": source, "model.pt": (tmp_path / "state.pt").read_bytes()})
    report = graded(LAB, path, "4.", forked=forked)
    values = {column: value for column, value, _ in report.columns}
    assert set(lost(report)) == loses and 0.2 < values["accuracy"] < 0.85 and 0.2 < values["accuracy, final"] < 0.85


# looks for the labels where the checkout has them, and wherever the job may read, then guesses; or forges the message
LOOKS = """
from pathlib import Path
import numpy as np, torch

class MyNet(torch.nn.Module):
    pass

def classify(model, x):
    found = [path for place in ('/', '.', '..') for path in Path(place).glob('*/*.npz')] + [Path(SHIPPED)]
    for path in found:
        try:
            arrays = np.load(path)
            known = {image.tobytes(): label for image, label in zip(arrays['x_val'], arrays['y_val'])}
            return torch.tensor([int(known.get(image.tobytes(), 0)) for image in (x[:, 0] * 255).byte().numpy()])
        except Exception:
            pass
    return torch.zeros(len(x), dtype=torch.int64)
"""
FORGES = """
import os, struct
labels = struct.pack('<600q', *[i % 10 for i in range(600)])
data = 2 * (struct.pack('<q', 4800) + labels) + struct.pack('<q', 2) + b'{}' + bytes(2**16 - 2)
while data:
    data = data[os.write(4, data):]
os._exit(0)
"""


@pytest.mark.parametrize("cheat", [LOOKS, FORGES], ids=["looks", "forges"])
def test_a_cheat_earns_nothing(cheat: str, tmp_path: Path) -> None:
    if tier() == Tier.UNSAFE:
        pytest.skip("code that the caller vouches for can read all that he can")
    source = cheat.replace("SHIPPED", repr(str(data.SHIPPED)))
    torch.save({}, tmp_path / "empty.pt")
    contents: dict[str, str | bytes] = {"pytorch_cnn.py": source, "model.pt": (tmp_path / "empty.pt").read_bytes()}
    report = graded(LAB, replaced(tmp_path, contents), "4.")
    assert report.score == 0 and set(lost(report)) == HIDDEN
    assert "expected more than 0.2" in lost(report)["4.1"]


def test_hidden_images_are_the_secrets_and_no_others(tmp_path: Path) -> None:
    if not fashion.DEBIAN.is_dir():
        pytest.skip("Debian's package dataset-fashion-mnist is not installed")
    for name, secret in (("a", b"0" * 16), ("b", b"0" * 16), ("c", b"1" * 16)):
        hidden.write(secret, tmp_path / name)
    x, y = ({name: np.load(tmp_path / name / f"{axis}_test.npy") for name in "abc"} for axis in "Xy")
    assert np.array_equal(x["a"], x["b"]) and np.array_equal(y["a"], y["b"]) and not np.array_equal(x["a"], x["c"])
    found, line = data.load(tmp_path / "a", 5)
    for rows in found.halves.values():
        assert np.bincount(found.labels[rows]).tolist() == [100] * 10
    assert f"2000 images of {tmp_path / 'a'}" in line and np.array_equal(found.shown(), x["a"][found.order])
    known = {image.tobytes() for image in fashion.read_split("t10k")[0]}
    assert not known & {image.tobytes() for image in x["a"]}
    report = graded(LAB, submission(LAB, tmp_path), "4.", staff=tmp_path / "a")
    values = {column: value for column, value, _ in report.columns}
    assert lost(report) == {} and min(values.values()) > 0.9 and len(values) == 2
    with pytest.raises(ValueError, match="at least 16 bytes, got 3"):
        hidden.write(b"abc", tmp_path / "d")


def test_the_grader_itself_needs_no_torch() -> None:
    source = "import sys; from labs.numpy_to_cnn.grading import data; data.load(None, 0)[0].shown()"
    command = [sys.executable, "-c", f"{source}; assert 'torch' not in sys.modules and 'matplotlib' not in sys.modules"]
    subprocess.run(command, cwd=ROOT, check=True, env=os.environ | {"PYTHONPATH": str(ROOT)})


def test_changes_that_a_student_has_spoilt_cost_what_needs_them_and_say_so(checkout: Path) -> None:
    (checkout / "labs/numpy_to_cnn/augment.py").write_text("def blur(x): return x\n")
    command = [sys.executable, "-m", "autograder", "check", "--lab", "numpy_to_cnn", "--only", "4."]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(command, cwd=checkout, capture_output=True, text=True, env=environment)
    said = " ".join(done.stdout.split())
    assert done.returncode == 1 and "augment.py to keep its original functions, got ImportError" in said, said
    assert "0 of 28" in said and "grader failed" not in said
