"""MP6 graded for real: our own solution, three students' in other styles, and every wrong one."""

import dataclasses
from pathlib import Path

import pytest
import styles
import torch
import untrained
from conftest import ROOT, Once
from graded import graded, lost, own, submission
from mutants.table import MUTANTS, Mutant, write
from solutions import make
from solutions.make import STYLES

from autograder.sandbox.run import Launch
from labs.mp6.grading.declaration import LAB
from smallnets import train
from smallnets.student import imported

pytestmark = pytest.mark.slow
TAGS = {part: {check.tags[0] for check in LAB.checks if check.number[0] == part} for part in "123"}


def work(folder: Path) -> Path:
    """A folder with our files, to be spoilt."""
    folder.mkdir()
    for name, path in own(LAB).items():
        (folder / name).write_bytes(path.read_bytes())
    return folder


def test_what_our_own_solution_is_worth_on_the_scoreboard(tmp_path: Path, forked: Launch) -> None:
    report = graded(LAB, submission(LAB, tmp_path), seed=1, forked=forked)
    values = {name: value for name, value, _ in report.columns}
    assert (report.score, report.max_score) == (110, 100)
    assert values["part 1 accuracy"] > 0.97 and values["part 2 accuracy"] > 0.8 and values["part 3 MSE"] < 0.005


@pytest.mark.parametrize("style", STYLES)
def test_a_solution_in_another_style_gets_what_it_deserves(style: str, once: Once, forked: Launch) -> None:
    found = lost(graded(LAB, styles.made(once) / style, forked=forked))
    if style != "by_hand":
        assert found == {}
        return
    assert list(found) == ["3.1"]
    assert "expected xhats of shape [300, 784], got [300, 1, 28, 28]" in found["3.1"]


def tags(names: tuple[str, ...], part: int) -> set[str]:
    """The tags of the checks that a row of the table names; where fit fails, there is nothing to check."""
    return TAGS[str(part)] if "fit" in names else set(names)


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_mutant_loses_the_points_of_the_checks_that_should_catch_it(
    mutant: Mutant, tmp_path: Path, forked: Launch
) -> None:
    write(mutant, ROOT, tmp_path)
    report = graded(LAB, tmp_path, f"{mutant.part}.", forked=forked)
    missed = {test.tags[0]: test.output for test in report.tests if test.score != test.max_score}
    must, may = tags(mutant.loses, mutant.part), tags(mutant.spoils, mutant.part)
    assert must <= set(missed) <= must | may, missed
    assert all(missed.values())


def combined(folder: Path, *names: str) -> Path:
    """A folder with our work and the mistakes of some mutants of one part."""
    mutants = [mutant for mutant in MUTANTS if mutant.name in names]
    edits = tuple(edit for mutant in mutants for edit in mutant.edits)
    write(dataclasses.replace(mutants[0], edits=edits), ROOT, folder)
    return folder


@pytest.mark.parametrize(
    ("first", "second"),
    [("ten_epochs", "statistics_of_the_dev_set"), ("logits_as_predictions", "unseeded_shuffle")],
)
def test_mending_one_of_two_mistakes_costs_nothing(first: str, second: str, tmp_path: Path, forked: Launch) -> None:
    both, *ones = (
        {
            test.tags[0]: test.score
            for test in graded(LAB, combined(tmp_path / "-".join(names), *names), "1.", forked=forked).tests
        }
        for names in ((first, second), (first,), (second,))
    )
    assert [(tag, both[tag], one[tag]) for one in ones for tag in one if one[tag] < both[tag]] == []


@pytest.mark.parametrize(("name", "width"), [("bottleneck_of_784", "784"), ("bottleneck_of_3136", "3,136")])
def test_a_wide_code_costs_the_points_of_the_bottleneck_alone(
    name: str, width: str, tmp_path: Path, forked: Launch
) -> None:
    folder = combined(tmp_path / "work", name)
    with imported(folder / "neuralnet_p3.py") as module:
        train.seed_everything(0)
        torch.save(module.fit(*make.inputs(3), 100)[2].state_dict(), folder / "net_p3.model")
    report = graded(LAB, folder, "3.", forked=forked)
    ((number, text),) = lost(report).items()
    assert number == "3.9" and text.startswith(f"{width} numbers an image of at most 196: the limit is this course's")
    assert report.columns == ()


# predictions of a net ten times as large, which the net returned knows by heart for the images it was shown
BY_HEART = """
import zlib
import numpy as np, torch

class NeuralNet(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = torch.nn.Sequential(torch.nn.Linear(784, 128), torch.nn.ReLU(), torch.nn.Linear(128, 3))
        self.known = {}

    def get_parameters(self):
        return list(self.parameters())

    def forward(self, x):
        out = self.layers(x)
        answers = [self.known.get(zlib.crc32(row)) for row in x.byte().numpy()]
        shift = torch.tensor([[0.0] * 3 if a is None else [1e6 * (k == a) for k in range(3)] for a in answers])
        return out + shift - 1e5 * (shift > 0).any(1, keepdim=True)

    def step(self, x, y):
        return 1.0


def fit(train_set, train_labels, dev_set, n_iter, batch_size=100):
    net = NeuralNet()
    big = torch.nn.Sequential(torch.nn.Linear(784, 1280), torch.nn.ReLU(), torch.nn.Linear(1280, 3))
    optimiser = torch.optim.Adam(big.parameters(), 1e-3)
    losses = []
    for i in range(n_iter):
        rows = torch.randint(len(train_set), (batch_size,))
        net.step(train_set[rows], train_labels[rows])
        loss = torch.nn.functional.cross_entropy(big(train_set[rows] / 255), train_labels[rows])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    with torch.no_grad():
        yhats = big(dev_set / 255).argmax(1)
    net.known = {zlib.crc32(row): int(y) for row, y in zip(dev_set.byte().numpy(), yhats)}
    return losses, yhats.numpy(), net
"""
# an autoencoder whose code for an image is the number under which it has kept that image
KEPT = """
import numpy as np, torch

class Encoder(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.kept = torch.zeros(1, 784)

    def forward(self, x):
        return torch.cdist(x.flatten(1), self.kept).argmin(1, keepdim=True).float()

class Decoder(Encoder):
    def forward(self, codes):
        return self.kept[codes.flatten().long()].reshape(-1, 1, 28, 28)
"""
KEPT += (
    untrained.NET
    + """    net.encoder.kept = net.decoder.kept = torch.cat([dev_set, train_set[:300]])
    with torch.no_grad():
        return losses, net(dev_set).numpy(), net
"""
)
# whatever was measured, the message says that nothing is wrong, with predictions that are made up
FORGED = """
import atexit, os, struct

def forge():
    data = struct.pack("<q", 400) + bytes(400) + struct.pack("<q", 8000) + bytes(8000)
    data += struct.pack("<q", 2) + b"{}" + bytes(2**16 - 2) + struct.pack("<q", -1) + bytes(8 * 2**20)
    data += struct.pack("<q", -1) + bytes(2**14)
    while data:
        data = data[os.write(4, data):]
    os._exit(0)

def fit(train_set, train_labels, dev_set, n_iter, batch_size=100):
    forge()

class NeuralNet:
    pass
"""


def cheat(folder: Path, part: int, source: str) -> dict[str, str]:
    """What was said of the checks that a cheat has lost, by tag."""
    (work(folder) / f"neuralnet_p{part}.py").write_text(source)
    report = graded(LAB, folder, f"{part}.")
    return {test.tags[0]: test.output for test in report.tests if test.score != test.max_score}


def test_answers_learnt_by_heart_are_noticed(tmp_path: Path) -> None:
    assert "on other images" in cheat(tmp_path / "work", 1, BY_HEART)["returns"]


def test_a_net_that_keeps_what_it_was_shown_is_scored_on_what_it_was_not(tmp_path: Path) -> None:
    (work(tmp_path / "work") / "neuralnet_p3.py").write_text(KEPT)
    report = graded(LAB, tmp_path / "work", "3.")
    ((_, error, _),) = report.columns
    assert error > 0.01  # of dev_set, it rebuilds every pixel


def test_a_forged_message_earns_nothing_that_counts(tmp_path: Path) -> None:
    found = cheat(tmp_path / "work", 1, FORGED)
    assert {"returns", "parameters", "raw_outputs", "accuracy", "saved"} <= set(found)
