"""Lookups in the public set that MP6's hidden images are made of: an exact one is at chance, others win what we say."""

import base64
import re
import zlib
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT
from graded import graded
from submissions import make_folder

from autograder.lab import MOST_SOURCE
from autograder.sandbox.run import Launch
from labs.mp6.grading import hidden
from labs.mp6.grading.declaration import LAB
from records import hidden_images, lookups
from smallnets.data import course, fashion

pytestmark = pytest.mark.skipif(
    not fashion.DEBIAN.is_dir(), reason="Debian's package dataset-fashion-mnist is not installed"
)
Drawn = dict[int, tuple[hidden_images.Set, hidden_images.Set]]
SECRET = b"a secret of many bytes"
CHANCE = {1: 1 / 3, 2: 1 / 5}
# part 2, all of whose public images are known by a checksum in source
EXACT = """
import base64, zlib
import numpy as np
import torch

TABLE = np.frombuffer(base64.b85decode({table!r}), "<u4")  # checksum, label, checksum, ... in rising order


def label(image):
    sums, found = TABLE[0::2], zlib.crc32(image.astype(np.uint8).tobytes())
    at = np.searchsorted(sums, found)
    return int(TABLE[2 * at + 1]) if at < len(sums) and sums[at] == found else 0


class NeuralNet(torch.nn.Module):
    def __init__(self, lrate=0.1, loss_fn=None):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.ones(1))

    def forward(self, x):
        labels = torch.tensor([label(image) for image in x.detach().numpy()])
        return self.weight * (2 * torch.nn.functional.one_hot(labels, 5).float() - 1)

    def get_parameters(self):
        return list(self.parameters())

    def step(self, x, y):
        return 1.0


def fit(train_set, train_labels, dev_set, n_iter, batch_size=100):
    net = NeuralNet()
    return [1.0] * n_iter, net(dev_set).argmax(1).numpy(), net
"""


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Drawn:
    """By part: images drawn as they are, and the new ones made of them."""
    return {part: hidden_images.sets(SECRET, part, tmp_path_factory.mktemp("drawn")) for part in (1, 2)}


def public(part: int) -> lookups.Known:
    return lookups.known(part, *fashion.read_split("t10k"))


@pytest.mark.parametrize("part", CHANCE)
def test_an_exact_lookup_is_at_chance(part: int, drawn: Drawn) -> None:
    (x, y), (new, labels) = drawn[part]
    assert np.array_equal(y, labels) and np.array_equal(lookups.exact(public(part), x), y)
    assert np.mean(lookups.exact(public(part), new) == y) == pytest.approx(CHANCE[part])


@pytest.mark.slow
@pytest.mark.parametrize(("new", "accuracy"), [(False, "1.0000"), (True, "0.2")], ids=["as they are", "new"])
def test_a_table_of_labels_in_the_source_is_worth_nothing_on_new_images(
    new: bool, accuracy: str, tmp_path: Path, forked: Launch
) -> None:
    images, labels = fashion.read_split("t10k")
    (staff := tmp_path / "staff").mkdir()
    if new:
        hidden.write(SECRET, staff)
    else:
        course.write_splits(images, labels, {"test": course.TEST}, 0, staff)
    found = public(2)
    table = {zlib.crc32(image.tobytes()): label for image, label in zip(found.x, found.y, strict=True)}
    packed = base64.b85encode(np.array(sorted(table.items()), "<u4").tobytes()).decode()
    source = EXACT.format(table=packed).encode()
    assert len(source) < MOST_SOURCE
    work = make_folder(tmp_path / "work", {"neuralnet_p2.py": source})
    report = graded(LAB, work, "2.", staff, forked=forked)
    check = next(test for test in report.tests if "accuracy" in test.tags)
    assert f"accuracy {accuracy}" in check.output and (check.score > 0) != new


@pytest.mark.slow
def test_the_readme_says_what_the_nearest_of_stored_images_wins(drawn: Drawn) -> None:
    text = (ROOT / "autograder/README.md").read_text(encoding="utf-8")
    most = {hand_in.name: hand_in.most_bytes for hand_in in LAB.hand_in}
    for part in (1, 2, 3):
        found = hidden_images.looked_up(part, drawn[min(part, 2)][1], most[f"net_p{part}.model"])
        for name, value in found.items():
            row = re.search(rf"^\| {re.escape(name)} \|(.*)\|$", text, re.MULTILINE)
            assert row, name
            told = float(row[1].split("|")[part - 1])
            assert value == pytest.approx(told, abs=0.02 if part < 3 else 0.0005), (part, name)
