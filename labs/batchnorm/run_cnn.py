"""A CNN of 2,174 parameters with BatchNorm on MNIST: python3 run_cnn.py [--no_bn | --compare | --report DIR]."""

import sys

if __name__ == "__main__":
    try:
        from smallnets import starting
    except ModuleNotFoundError:
        word = "pip install -r requirements.txt, in the checkout"
        print(f"error: expected the package smallnets, got no such package: {word}", file=sys.stderr)
        sys.exit(2)

    starting.start()  # no file beside this one hides Python's; Ctrl-C and a missing package are told in one line

import experiment
from layer import BatchNorm2d, Reshape
from torch import nn
from utils import test, train

__all__ = ["build", "main", "test", "train"]

TRAIN_BATCH_SIZE = 100
TEST_BATCH_SIZE = 100
LOG_INTERVAL = 100
EPOCHS = 20
LR, MM, WD = 0.1, 0.9, 1e-4  # learning rate, momentum, weight decay


def build() -> nn.Sequential:
    """[B, 1, 28, 28] -> logits [B, 10]; the handout's Conv-BN-ReLU-AvgPool twice, then Reshape-Linear."""
    return nn.Sequential(
        nn.Conv2d(1, 4, 3, padding=1),
        BatchNorm2d(4),
        nn.ReLU(),
        nn.AvgPool2d(2),
        nn.Conv2d(4, 4, 3, padding=1),
        BatchNorm2d(4),
        nn.ReLU(),
        nn.AvgPool2d(2),
        Reshape((-1, 196)),
        nn.Linear(196, 10),
    )


def program() -> experiment.Program:
    """The net with the settings that it is trained with."""
    return experiment.Program(
        "CNN", build, (1, 28, 28), EPOCHS, LR, MM, WD, TRAIN_BATCH_SIZE, TEST_BATCH_SIZE, LOG_INTERVAL
    )


def main(argv: list[str] | None = None) -> int:
    """Parse the command line and train."""
    return experiment.main(program(), __doc__, argv)


if __name__ == "__main__":
    raise SystemExit(main())
