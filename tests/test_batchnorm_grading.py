"""The BatchNorm lab graded for real: mistakes that cost their points and no others, the course's template, cheats."""

import re
import shutil
from pathlib import Path

import pytest
from conftest import ROOT
from graded import Edits, graded, lost, submission

from autograder.grading import pipeline
from autograder.intake import own_folder
from autograder.sandbox.run import Launch
from labs.batchnorm.grading import data, hidden
from labs.batchnorm.grading.declaration import LAB

LAYERS = ("1.", "2.")


def both(*numbers: int) -> set[str]:
    """The same checks of BatchNorm1d and of BatchNorm2d."""
    return {f"{layer}{number}" for layer in LAYERS for number in numbers}


BUFFER = 'self.register_buffer("running_{0}", torch.{1}(num_features))'
MEAN, VAR = (f"mul_(self.momentum).add_({name}, alpha=" for name in ("mean", "var"))
OLD_MEAN, OLD_VAR = (f"mul_(1 - self.momentum).add_({name}, alpha=" for name in ("mean", "var"))
# edits of layer.py -> the checks on the layers that are lost, and words that name the mistake: it costs BatchNorm1d
# alone, and a net is judged with a working layer; only the two last mistakes leave little to judge
MUTANTS: dict[str, tuple[Edits, set[str], str]] = {
    "ones as weights": ((("nn.init.uniform_", "nn.init.ones_"),), {"1.1"}, "expected weight from U[0, 1), got 1..1"),
    "statistics that are no buffers": (
        tuple((BUFFER.format(*pair), "self.running_{} = torch.{}(num_features)".format(*pair))
              for pair in (("mean", "zeros"), ("var", "ones"))),
        {"1.1"}, "write self.register_buffer('running_mean', ...) in __init__",
    ),
    "running statistics in training": (
        (("        else:\n            centred, var = x", "        if True:\n            centred, var = x"),),
        {"1.2", "1.6"}, "the running mean and variance normalise, not the batch's own",
    ),
    "unbiased normalisation": (
        (("var = (centred * centred).sum(axes) / n", "var = (centred * centred).sum(axes) / (n - 1)"),
         ("(1 - self.momentum) * n / (n - 1)", "(1 - self.momentum)")),
        {"1.2"}, "the variance is divided by N - 1 in place of N",
    ),
    "eps outside the root": (
        (("torch.rsqrt(var + self.eps)", "1 / (torch.sqrt(var) + self.eps)"),), {"1.2"}, "eps is not under the root",
    ),
    "variance in place of its root": (
        (("torch.rsqrt(var + self.eps)", "1 / (var + self.eps)"),), {"1.2"}, "divided by the variance, not by its root",
    ),
    "no shift": ((("self.bias.view(per_channel)", "0 * self.bias.view(per_channel)"),), {"1.2"}, "bias is not added"),
    "no scale": ((("scale = self.weight * torch", "scale = torch"),), {"1.2"}, "weight is not multiplied"),
    "momentum reversed": (
        ((MEAN + "1 - self.momentum", OLD_MEAN + "self.momentum"),
         (VAR + "(1 - self.momentum)", OLD_VAR + "self.momentum")),
        {"1.3"}, "momentum should weight the OLD value",
    ),
    "momentum reversed in the mean": ((("mul_(self.momentum).add_(mean, alpha=1 - ",
                                        "mul_(1 - self.momentum).add_(mean, alpha="),), {"1.3"}, "the OLD value"),
    "momentum reversed in the variance": (
        ((VAR + "(1 - self.momentum)", OLD_VAR + "self.momentum"),), {"1.4"}, "running_var after 3 batches",
    ),
    "the batch's statistics in evaluation": (
        (("if self.training:", "if True:"),), {"1.5"}, "got the batch's own in use",
    ),
    "statistics move in evaluation": (
        (("        else:\n", "        else:\n            self.running_mean.mul_(0.9)\n"),), {"1.5"}, "expected",
    ),
    "no gradient through the mean": (
        (("mean.view(per_channel)\n            var", "mean.detach().view(per_channel)\n            var"),),
        {"1.6"}, "gradient of the input",
    ),
    "statistics with a graph": ((("with torch.no_grad():", "if True:"),), {"1.7"}, ""),
    "Reshape forgets": ((("return x.reshape(self.shape)", "return x.flatten(1)"),), {"3.1"}, "Reshape"),
    "per sample instead of per channel": (
        (("axes = [0, *range(2, x.ndim)]", "axes = list(range(2, x.ndim)) or [0]"),),
        {f"2.{k}" for k in (1, 2, 3, 4, 6, 7, 9)}, "",
    ),
    "no forward": ((("    def forward(self, x: torch.Tensor) -> torch.Tensor:\n        \"\"\"[N, C, ...]",
                     "    def backward(self, x: torch.Tensor) -> torch.Tensor:\n        \"\"\"[N, C, ...]"),),
                   both(*range(1, 10)), "forward"),
}  # fmt: skip
NORM, RELU = "        BatchNorm2d(4),\n", "        nn.ReLU(),\n"
SECOND = "        nn.Conv2d(4, 4, 3, padding=1),\n"
# edits of a program -> the checks on its net that are lost
WRONG_NETS: dict[str, tuple[str, tuple[str, str], set[str], str]] = {
    "torch's BatchNorm": (
        "mlp", ("    BatchNorm1d(512)", "    nn.BatchNorm1d(512)"), {"4.2"}, "got torch.nn's BatchNorm1d",
    ),
    "softmax at the end": (
        "mlp", ("nn.Linear(128, 10),", "nn.Linear(128, 10), nn.Softmax(1),"), {"4.1"}, "Linear Softmax",
    ),
    "one BatchNorm": ("cnn", (SECOND + NORM, SECOND), {"5.1", "5.2"}, "at least 2 BatchNorm of layer.py, got 1"),
    "ReLU before BatchNorm": (
        "cnn", (SECOND + NORM + RELU, SECOND + RELU + NORM), {"5.1"}, "Conv2d ReLU BatchNorm2d",
    ),
    "a size that mixes images": (
        "cnn", ("Reshape((-1, 196))", "Reshape((-1, 98))"), {f"5.{k}" for k in range(1, 5)}, "98",
    ),
    "no Linear": ("cnn", ("        nn.Linear(196, 10),\n", ""), {"5.1", "5.3", "5.4"}, "Reshape"),
}  # fmt: skip
LAYER_LAB = pipeline.reduced(LAB, tuple(check for check in LAB.checks if check.steps == ("layer",)))


@pytest.mark.slow
@pytest.mark.parametrize("name", MUTANTS)
def test_a_mutant_loses_its_checks_and_no_others(name: str, tmp_path: Path, forked: Launch) -> None:
    edits, expected, words = MUTANTS[name]
    found = lost(graded(LAYER_LAB, submission(LAB, tmp_path, {"layer.py": edits}), forked=forked))
    assert set(found) == expected and any(words in text for text in found.values()), found


@pytest.mark.slow
@pytest.mark.parametrize("name", ["the batch's statistics in evaluation", "no forward", "Reshape forgets"])
def test_a_wrong_layer_costs_the_nets_nothing(name: str, tmp_path: Path, forked: Launch) -> None:
    nets = pipeline.reduced(LAB, tuple(check for check in LAB.checks if check.number[0] in "45"))
    report = graded(nets, submission(LAB, tmp_path, {"layer.py": MUTANTS[name][0]}), forked=forked)
    assert lost(report) == {}
    assert any("judged with a working" in test.output for test in report.tests)


@pytest.mark.slow
def test_a_layer_py_that_is_no_python_costs_the_nets_nothing(tmp_path: Path, forked: Launch) -> None:
    edit = ("import torch\nfrom torch", "import torch\nclass :\nfrom torch")
    assert lost(graded(LAB, submission(LAB, tmp_path, {"layer.py": (edit,)}), "4.", forked=forked)) == {}


@pytest.mark.slow
def test_a_layer_that_is_not_written_is_no_mistake_of_both(tmp_path: Path, forked: Launch) -> None:
    edits: Edits = (
        MUTANTS["no shift"][0][0],
        ('    layout = ("N", "C", "H", "W")\n', '    layout = ("N", "C", "H", "W")\n    forward = None\n'),
    )
    found = lost(graded(LAYER_LAB, submission(LAB, tmp_path, {"layer.py": edits}), forked=forked))
    assert set(found) == {"1.2", *(f"2.{k}" for k in range(1, 10))}


@pytest.mark.slow
@pytest.mark.parametrize("name", WRONG_NETS)
def test_a_wrong_net_loses_its_checks_and_no_others(name: str, tmp_path: Path, forked: Launch) -> None:
    program, edit, expected, words = WRONG_NETS[name]
    found = lost(
        graded(LAB, submission(LAB, tmp_path, {f"run_{program}.py": (edit,)}), min(expected)[:2], forked=forked)
    )
    assert set(found) == expected and any(words in text for text in found.values()), found


# as students of the course write them: everything at import, unbiased and biased, a loop over channels, new buffers
TEMPLATE_LAYER = """
import torch
import torch.nn as nn
from torch.nn import Parameter


class BatchNorm1d(nn.Module):
    def __init__(self, num_features, eps=1e-5, momentum=0.9):
        super(BatchNorm1d, self).__init__()
        self.num_features = num_features
        self.eps = eps
        self.momentum = momentum
        self.weight = Parameter(torch.Tensor(num_features))
        self.bias = Parameter(torch.Tensor(num_features))
        self.register_buffer('running_mean', torch.zeros(num_features))
        self.register_buffer('running_var', torch.ones(num_features))
        self.register_buffer('num_batches_tracked', torch.tensor(0))
        nn.init.uniform_(self.weight)
        nn.init.zeros_(self.bias)

    def forward(self, x):
        if self.training:
            mean = torch.mean(x, dim=0)
            var = torch.var(x, dim=0, unbiased=False)
            self.running_mean = self.momentum * self.running_mean + (1 - self.momentum) * mean.detach()
            self.running_var = self.momentum * self.running_var + (1 - self.momentum) * var.detach()
        else:
            mean, var = self.running_mean, self.running_var
        return self.weight * (x - mean) / torch.sqrt(var + self.eps) + self.bias


class BatchNorm2d(BatchNorm1d):
    def forward(self, x):
        output = torch.zeros(x.shape)
        for i in range(self.num_features):
            channel = x[:, i, :, :]
            if self.training:
                mean, var = channel.mean(), channel.var(unbiased=False)
                n = channel.numel()
                self.running_mean[i] = self.momentum * self.running_mean[i] + (1 - self.momentum) * mean.data
                self.running_var[i] = (self.momentum * self.running_var[i]
                                       + (1 - self.momentum) * var.data * n / (n - 1))
            else:
                mean, var = self.running_mean[i], self.running_var[i]
            output[:, i, :, :] = self.weight[i] * (channel - mean) / torch.sqrt(var + self.eps) + self.bias[i]
        return output


class Reshape(nn.Module):
    def __init__(self, shape):
        super(Reshape, self).__init__()
        self.shape = shape

    def forward(self, x):
        return x.view(*self.shape)
"""
TEMPLATE_RUN = """
from __future__ import print_function
import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.optim as optim
from torchvision import datasets, transforms
from layer import BatchNorm1d, BatchNorm2d, Reshape
from utils import LOG_INFO

TRAIN_BATCH_SIZE = 100
EPOCHS = 100
device = 'cpu'
kwargs = {'num_workers': 1, 'pin_memory': True}
train_loader = torch.utils.data.DataLoader(
    datasets.MNIST('./data', train=True, download=True, transform=transforms.Compose([
        transforms.ToTensor(), transforms.Normalize((0.1307,), (0.3081,))])),
    batch_size=TRAIN_BATCH_SIZE, shuffle=True, **kwargs)
MODEL
optimizer = optim.SGD(model.parameters(), lr=0.01, momentum=0.9)


def train(model, device, train_loader, optimizer, epoch):
    model.train()
    for batch_idx, (data, target) in enumerate(train_loader):
        optimizer.zero_grad()
        loss = F.cross_entropy(model(data.view(data.size(0), -1)), target)
        loss.backward()
        optimizer.step()
        LOG_INFO('Avg Loss: {:.4f}'.format(loss.item()))


for epoch in range(1, EPOCHS + 1):
    train(model, device, train_loader, optimizer, epoch)
torch.save(model, 'model.pt')
"""
TEMPLATE_MLP = """model = nn.Sequential(
    nn.Linear(784, 128), BatchNorm1d(128), nn.ReLU(), nn.Linear(128, 64), BatchNorm1d(64), nn.ReLU(),
    nn.Linear(64, 10)).to(device)"""
TEMPLATE_CNN = """model = nn.Sequential(
    nn.Conv2d(1, 4, 3, padding=1), BatchNorm2d(4), nn.ReLU(), nn.AvgPool2d(2),
    nn.Conv2d(4, 4, 3, padding=1), BatchNorm2d(4), nn.ReLU(), nn.AvgPool2d(2),
    Reshape((-1, 196)), nn.Linear(196, 10)).to(device)"""
TEMPLATE_UTILS = "def LOG_INFO(msg):\n    print(msg)\n"


def template(folder: Path, **changes: tuple[str, str]) -> Path:
    """A solution on the course's template, after a change (old, new) of the file named layer, run_mlp or run_cnn."""
    files = {
        "layer.py": TEMPLATE_LAYER,
        "run_mlp.py": TEMPLATE_RUN.replace("MODEL", TEMPLATE_MLP),
        "run_cnn.py": TEMPLATE_RUN.replace("MODEL", TEMPLATE_CNN),
        "utils.py": TEMPLATE_UTILS,
    }
    (folder / "codes").mkdir(parents=True)
    for name, text in files.items():
        old, new = changes.get(name.removesuffix(".py"), ("", ""))
        assert old in text
        (folder / "codes" / name).write_text(text.replace(old, new) if old else text)
    return folder


@pytest.mark.slow
def test_a_solution_on_the_courses_template_is_graded_as_it_deserves(tmp_path: Path, forked: Launch) -> None:
    report = graded(LAB, template(tmp_path), forked=forked)
    # N / (N - 1) of one value is nan, and an output in float32 is none for float64
    assert list(lost(report)) == ["2.8", "2.9"] and report.max_score == 100


@pytest.mark.slow
@pytest.mark.parametrize("where", ["in a function", "behind a main guard"])
def test_a_net_is_found_wherever_it_is_made(where: str, tmp_path: Path, forked: Launch) -> None:
    body = TEMPLATE_MLP.replace("\n", "\n    ")
    start = TEMPLATE_RUN.index("optimizer = optim"), TEMPLATE_RUN.index("def train"), TEMPLATE_RUN.index("for epoch")
    head, train = TEMPLATE_RUN[: start[0]].replace("MODEL\n", ""), TEMPLATE_RUN[start[1] : start[2]]
    guard = "if __name__ == '__main__':" if where == "behind a main guard" else "def main():"
    end = "" if where == "behind a main guard" else "\nmain()\n"
    source = f"{head}\n{train}\n{guard}\n    {body}\n    train(model, device, train_loader, None, 1)\n{end}"
    template(tmp_path)
    (tmp_path / "codes/run_mlp.py").write_text(source)
    assert lost(graded(LAB, tmp_path, "4.", forked=forked)) == {}


FORWARD = "    def forward(self, x):\n        if self.training:\n            mean = torch.mean"
UNUSED = FORWARD.replace("forward", "unused")
CHEATS = {
    "torch's function": """    def forward(self, x):
        return nn.functional.batch_norm(
            x, self.running_mean, self.running_var, self.weight, self.bias, self.training, 0.1, self.eps)

""",
    "its inner part": """    def forward(self, x):
        return torch.native_batch_norm(
            x, self.weight, self.bias, self.running_mean, self.running_var, self.training, 0.1, self.eps)[0]

""",
}


@pytest.mark.slow
@pytest.mark.parametrize("name", CHEATS)
def test_torchs_own_layer_earns_nothing(name: str, tmp_path: Path, forked: Launch) -> None:
    found = lost(graded(LAB, template(tmp_path, layer=(FORWARD, CHEATS[name] + UNUSED)), "1.", forked=forked))
    assert len(found) == 9 and all("torch's" in text for text in found.values()), found


def test_hidden_digits_follow_the_secret(tmp_path: Path) -> None:
    for name, secret in {"a": b"s" * 16, "again": b"s" * 16, "b": b"t" * 16}.items():
        (tmp_path / name).mkdir()
        hidden.write(secret, tmp_path / name)
    contents = {name: [(tmp_path / name / file).read_bytes() for file in data.FILES] for name in ("a", "again", "b")}
    assert contents["a"] == contents["again"] and not set(contents["a"]) & set(contents["b"])
    found, source = data.load(tmp_path / "a", 0)
    assert found.x.shape == (600, 28, 28) and found.hidden.shape == (300, 28, 28) and str(tmp_path) in source
    other, _ = data.load(tmp_path / "a", 1)
    assert sorted(found.labels) == sorted(other.labels) and list(found.labels) != list(other.labels)
    (_, _), (known, _), _ = data.digits()
    assert not {image.tobytes() for image in known} & {image.tobytes() for image in found.hidden}
    with pytest.raises(ValueError, match="at least 16 bytes, got 3"):
        hidden.write(b"abc", tmp_path)


def test_labels_that_are_not_as_many_as_images_are_named(tmp_path: Path) -> None:
    hidden.write(b"s" * 16, tmp_path)
    shutil.copyfile(tmp_path / "y_test.npy", tmp_path / "y_train.npy")
    with pytest.raises(ValueError, match=re.escape("got uint8 [600, 28, 28] and [300]")):
        data.load(tmp_path, 0)


def test_pack_puts_the_files_where_the_course_has_them(tmp_path: Path) -> None:
    found = own_folder.gather(LAB, ROOT / "labs/batchnorm")
    assert sorted(found.files) == ["layer.py", "run_cnn.py", "run_mlp.py", "run_resnet.py", "utils.py"]
    assert LAB.root == "codes"
