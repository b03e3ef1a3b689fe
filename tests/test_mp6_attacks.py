"""MP6 graded for real: work that forges a figure, and work whose one part fails, in each tier that confines it."""

import re
from pathlib import Path

import pytest
import torch
import untrained
from graded import own

from autograder.grading import grade, pipeline
from autograder.lab import Report
from autograder.sandbox import tiers
from autograder.sandbox.job import Tier
from labs.mp6.grading.declaration import LAB

pytestmark = pytest.mark.slow
every_tier = pytest.mark.parametrize("tier", [Tier.FULL, Tier.CONTAINER], ids=str)

# part 1 as a net of 1,280 units, of which the parameters are not counted
WIDE = """
import pathlib, sys
import numpy as np, torch

class NeuralNet(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = torch.nn.Sequential(torch.nn.Linear(784, 128), torch.nn.ReLU(), torch.nn.Linear(128, 3))
        self.wide = None

    def get_parameters(self):
        return list(self.parameters())

    def forward(self, x):
        if self.wide is None:
            return self.layers(x / 255)
        a, b = (torch.from_numpy(array) for array in self.found())
        return (x / 255 @ a).relu() @ b

    def found(self):
        return self.wide

    def step(self, x, y):
        return 1.0


def fit(train_set, train_labels, dev_set, n_iter, batch_size=100):
    net = NeuralNet()
    a, b = (torch.nn.init.kaiming_normal_(torch.empty(shape)).requires_grad_() for shape in ((784, 1280), (1280, 3)))
    optimiser = torch.optim.Adam([a, b], 1e-3)
    losses = []
    for i in range(n_iter):
        rows = torch.randint(len(train_set), (batch_size,))
        net.step(train_set[rows], train_labels[rows])
        loss = torch.nn.functional.cross_entropy((train_set[rows] / 255 @ a).relu() @ b, train_labels[rows])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    net.wide = [array.detach().numpy() for array in (a, b)]
    with torch.no_grad():
        return losses, net(dev_set).argmax(1).numpy(), net
"""
# what counts and what stores a net are students' to change, as they share their process
ALL_OF_IT = """
import io
from labs.mp6.grading.inside import net as nets, storing

def stored(net, most, trained):
    content = io.BytesIO()
    torch.save(net, content)
    return b"whole" + content.getvalue(), ""

storing.stored = stored
nets.parameters = lambda net: [torch.zeros(shape) for shape in ((784, 128), (128,), (128, 3), (3,))]
"""
IN_THE_MODEL_FILE = (
    "    def found(self):\n        return self.wide\n",
    "    def found(self):\n        if all(array.any() for array in self.wide):\n            return self.wide\n"
    "        return [value.numpy() for value in torch.load('net_p1.model').values()]\n",
)

# part 3 without a net: four pixels of 16 greys in each number
PACKED = """
import sys
import numpy as np, torch

class Encoder(torch.nn.Module):
    def forward(self, x):
        greys = (x.flatten(1) * 15).round().numpy().astype(np.uint16).reshape(len(x), 196, 4)
        greys[:, :, 0] = np.minimum(greys[:, :, 0], 6)
        numbers = (greys << [12, 8, 4, 0]).sum(axis=2).astype(np.uint16).view(np.float16)
        return torch.from_numpy(numbers.astype(np.float32))

class Decoder(torch.nn.Module):
    def forward(self, codes):
        numbers = codes.numpy().astype(np.float16).view(np.uint16)
        greys = numbers[:, :, None] >> np.array([12, 8, 4, 0], np.uint16) & 15
        return torch.from_numpy(greys / np.float32(15)).float().reshape(-1, 1, 28, 28)
"""
PACKED += (
    untrained.NET
    + """    return losses, net(dev_set).numpy(), net
"""
)
# our own net, of which the decoder's process says for the images of fit that they are no numbers
NO_NUMBERS = """
import sys

if "labs.mp6.grading.inside.decode" in sys.modules:
    from smallnets import fitcheck

    of_images = fitcheck.images
    fitcheck.images = lambda values, n: np.where(np.arange(n)[:, None] < 300, np.float32("nan"), of_images(values, n))
"""
LEAVES = 'import os, sys\n\nif "labs.mp6.grading.inside.evaluate" in sys.modules:\n    os._exit(3)\n'


class Leaves:
    """A pickle that ends the process that reads it."""

    def __reduce__(self) -> tuple:
        return exec, ("import os; os._exit(3)",)


def work(folder: Path, changed: dict[str, str]) -> Path:
    """Our solution with some files of other content."""
    for name, path in own(LAB).items():
        (folder / name).write_bytes(path.read_bytes())
    for name, source in changed.items():
        (folder / name).write_text(source, encoding="utf-8")
    return folder


def graded(folder: Path, tier: Tier, beginning: str = "") -> Report:
    """What comes of a folder."""
    if reason := tiers.unavailable(tier):
        pytest.skip(reason)
    lab = pipeline.only(LAB, beginning) if beginning else LAB
    report = grade.grade(folder, lab, tier, seed=0)
    assert not report.fault
    return report


def lost(report: Report) -> dict[str, str]:
    """What was said of each check without all its points, by its part and tag."""
    return {f"{test.number[0]} {test.tags[0]}": test.output for test in report.tests if test.score != test.max_score}


@every_tier
@pytest.mark.parametrize(
    ("changes", "tag", "words"),
    [
        ([("", "")], "returns", r"got others for \d\d% of them"),
        ([("", ALL_OF_IT)], "parameters", "expected a net of at most 469,004 bytes"),
        ([IN_THE_MODEL_FILE], "returns", "net_p1.model"),
    ],
    ids=["arrays in attributes", "replaced functions that count and store", "in the model file"],
)
def test_a_net_cannot_use_more_numbers_than_it_is_counted_with(
    changes: list[tuple[str, str]], tag: str, words: str, tier: Tier, tmp_path: Path
) -> None:
    source = WIDE
    for old, new in changes:
        assert old in source
        source = source.replace(old, new) if old else source + new
    work(tmp_path, {"neuralnet_p1.py": source})
    arrays = {name: torch.randn(shape) for name, shape in (("a", (784, 280)), ("b", (280, 3)))}
    torch.save(arrays, tmp_path / "net_p1.model")
    found = lost(graded(tmp_path, tier, "1."))
    assert re.search(words, found[f"1 {tag}"]), found


@every_tier
def test_a_number_of_a_code_carries_no_four_pixels(tier: Tier, tmp_path: Path) -> None:
    report = graded(work(tmp_path, {"neuralnet_p3.py": PACKED}), tier, "3.")
    assert next(test.score for test in report.tests if test.tags == ("mse",)) == 0
    assert all(value > 0.06 for _, value, _ in report.columns)


@every_tier
def test_a_decoder_that_gives_no_numbers_has_no_error(tier: Tier, tmp_path: Path) -> None:
    source = own(LAB)["neuralnet_p3.py"].read_text(encoding="utf-8") + NO_NUMBERS
    report = graded(work(tmp_path, {"neuralnet_p3.py": source}), tier, "3.")
    found = lost(report)
    assert set(found) == {"3 returns", "3 mse", "3 saved"} and report.columns == ()
    assert "nan or inf" in found["3 mse"]


@every_tier
def test_what_fails_in_one_part_costs_no_other_part(tier: Tier, tmp_path: Path) -> None:
    source = own(LAB)["neuralnet_p3.py"].read_text(encoding="utf-8") + LEAVES
    torch.save({"a": Leaves()}, work(tmp_path, {"neuralnet_p3.py": source}) / "net_p1.model")
    found = lost(graded(tmp_path, tier))
    assert set(found) == {"1 saved", "3 returns", "3 bottleneck", "3 mse"}
    assert all("exit code 3" in found[name] for name in ("1 saved", "3 returns"))


@every_tier
def test_a_layer_that_has_seen_no_image_costs_the_check_of_parameters(tier: Tier, tmp_path: Path) -> None:
    source = own(LAB)["neuralnet_p2.py"].read_text(encoding="utf-8")
    old = "        self.lr = lrate\n"
    new = source.replace(old, f"{old}        self.more = torch.nn.LazyLinear(5)\n")
    new = new.replace("return list(self.parameters())", "return list(self.layers.parameters())")
    new = new.replace("for p in self.parameters()]", "for p in self.layers.parameters()]")
    assert len({source, new}) == 2
    found = lost(graded(work(tmp_path, {"neuralnet_p2.py": new}), tier, "2."))
    assert {name for name in found if name != "2 saved"} == {"2 parameters"}
    assert "lazy layer, such as LazyLinear" in found["2 parameters"]
