"""An MLP with BatchNorm on MNIST: python3 run_mlp.py [--no_bn | --compare | --report DIR]."""

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
from layer import BatchNorm1d
from torch import nn
from utils import test, train

__all__ = ["build", "main", "test", "train"]

TRAIN_BATCH_SIZE = 100
TEST_BATCH_SIZE = 100
LOG_INTERVAL = 100
EPOCHS = 20
LR, MM, WD = 0.1, 0.9, 5e-4  # learning rate, momentum, weight decay


def build() -> nn.Sequential:
    """[B, 784] -> logits [B, 10]; the handout's Linear-BN-ReLU-Linear-BN-ReLU-Linear."""
    return nn.Sequential(
        nn.Linear(784, 512),
        BatchNorm1d(512),
        nn.ReLU(),
        nn.Linear(512, 128),
        BatchNorm1d(128),
        nn.ReLU(),
        nn.Linear(128, 10),
    )


def program() -> experiment.Program:
    """The net with the settings that it is trained with."""
    return experiment.Program("MLP", build, (784,), EPOCHS, LR, MM, WD, TRAIN_BATCH_SIZE, TEST_BATCH_SIZE, LOG_INTERVAL)


def main(argv: list[str] | None = None) -> int:
    """Parse the command line and train."""
    return experiment.main(program(), __doc__, argv)


if __name__ == "__main__":
    raise SystemExit(main())
