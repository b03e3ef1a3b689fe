"""What MP6's grading says of the slips that students make: what, where, and how to mend it."""

from pathlib import Path

import pytest
from mp6_inside import judged

# part 1 as students write it, with torch's own optimiser
STUDENT = """
import numpy as np
import torch
import torch.nn as nn

class NeuralNet(nn.Module):
    def __init__(self, lrate):
        super().__init__()
        self.register_buffer("mean", torch.zeros(784))
        self.layers = nn.Sequential(nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 3))
        self.optimizer = torch.optim.SGD(self.parameters(), lrate)

    def get_parameters(self):
        return self.parameters()

    def forward(self, x):
        return self.layers((x - self.mean) / 100)

    def step(self, x, y):
        self.optimizer.zero_grad()
        loss = nn.functional.cross_entropy(self(x), y)
        loss.backward()
        self.optimizer.step()
        return loss.item()

def fit(train_set, train_labels, dev_set, n_iter, batch_size=100):
    net = NeuralNet(0.1)
    net.mean = train_set.mean(0)
    losses = []
    for i in range(n_iter):
        rows = torch.randperm(len(train_set))[:batch_size]
        losses.append(net.step(train_set[rows], train_labels[rows]))
    net.eval()
    yhats = net(dev_set).argmax(1).numpy()
    return losses, yhats, net
"""
RETURN = "return losses, yhats, net"
UNSAVED = (
    ('register_buffer("mean", torch.zeros(784))', "mean = torch.zeros(784)"),
    ("self.layers =", "self.f = lambda x: x; self.layers ="),
)
# slip, edits, check that is lost, words in what is said of it
SAID = {
    "losses in a list": (
        ((RETURN, "return [losses], yhats, net"),),
        "losses",
        ["a list of numbers, got a list of 50 at [0]"],
    ),
    "a row of losses each": (((RETURN, "return np.ones((50, 2)), yhats, net"),), "losses", ["a ndarray of 2 at [0]"]),
    "one loss": (((RETURN, "return losses[-1], yhats, net"),), "losses", ["one number: append the loss of each step"]),
    "step returns nothing": ((("return loss.item()", "pass"),), "losses", ["at [0]: does step return its loss?"]),
    "the class": (
        ((RETURN, "return losses, yhats, NeuralNet"),),
        "returns",
        ["got the class NeuralNet: return the object"],
    ),
    "two values": (((RETURN, "return losses, yhats"),), "returns", ["got 2 (a list of 50, a ndarray of 1000)"]),
    "order": (((RETURN, "return net, losses, yhats"),), "returns", ["in this order, got (net, losses, yhats)"]),
    "nan": (
        ((RETURN, "yhats = yhats * 1.0; yhats[:12] = np.nan; return losses, yhats, net"),),
        "returns",
        ["yhats hold 12 nan of 1,000"],
    ),
    "text": (
        ((RETURN, "return losses, list('ab') * 500, net"),),
        "returns",
        ["expected whole numbers in yhats, got <U1"],
    ),
    "epochs": (
        (("range(n_iter)", "range(10 * n_iter)"),),
        "batches",
        ["n_iter 50: step ran 500 times, expected 50", "scoreboard"],
    ),
    "fewer": ((("range(n_iter)", "range(n_iter // 2)"),), "batches", ["n_iter 50: step ran 25 times, expected 50"]),
    "no zero_grad": (
        (("        self.optimizer.zero_grad()\n", ""), ("NeuralNet(0.1)", "NeuralNet(5.0)")),
        "loss_falls",
        ["never calls zero_grad(), so the gradients of all batches add up"],
    ),
    "64 units": (
        (("784, 128", "784, 64"), ("128, 3", "64, 3")),
        "parameters",
        ["50,435 parameters of exactly 100,867: TOO FEW, as part 1 is 784 -> 128 -> 3"],
    ),
    "too many to count": (
        (("784, 128", "784, 1024"), ("128, 3", "1024, 3")),
        "parameters",
        ["806,915 parameters of exactly 100,867: TOO MANY"],
    ),
    "plain tensor": (UNSAVED, "returns", ["does not save plain attributes such as mean", "register_buffer"]),
    "in place": (
        (("    net.eval()\n", "    net.eval()\n    dev_set.mul_(2)\n"),),
        "returns",
        ["dev_set changed in place", "work on a copy"],
    ),
    "forward in place": (
        (
            ("return self.layers((x - self.mean) / 100)", "x -= self.mean; return self.layers(x / 100)"),
            ("    yhats =", "    net(dev_set)\n    yhats ="),
        ),
        "returns",
        ["dev_set changed in place", "the images that forward is given changed in place"],
    ),
    "no eval": (
        (("nn.ReLU()", "nn.BatchNorm1d(128)"), ("    net.eval()\n", "")),
        "independent",
        ["call net.eval() first"],
    ),
    "one image": (
        (("nn.ReLU()", "nn.BatchNorm1d(128)"), ("    net.eval()\n", "")),
        "any_size",
        ["call net.eval() first"],
    ),
}


# whose words test_students.py holds quickly, by the same judge of what fit returns, or whose fit takes long
SLOW = ("a row of losses each", "one loss", "the class", "two values", "order", "nan", "text", "epochs")


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.slow] if name in SLOW else []) for name in SAID]
)
def test_a_slip_is_named_where_it_costs_points(name: str, tmp_path: Path) -> None:
    edits, tag, words = SAID[name]
    source = STUDENT
    for old, new in edits:
        assert source.count(old) == 1, old
        source = source.replace(old, new)
    test = judged(1, source, tmp_path)[tag]
    assert test.score < test.max_score
    assert [each for each in words if each not in test.output] == [], test.output


def test_a_student_without_slips_loses_nothing_but_the_other_nets_file(tmp_path: Path) -> None:
    lost = {tag: test.output for tag, test in judged(1, STUDENT, tmp_path).items() if test.score < test.max_score}
    assert set(lost) == {"saved"}, lost
