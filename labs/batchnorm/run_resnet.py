"""A mini-ResNet on our own BatchNorm2d, MNIST: python3 run_resnet.py [--no_bn | --compare | --report DIR].

He et al., 2016, "Deep residual learning for image recognition", with the blocks of its CIFAR nets, twice as wide
and with an image size halved by the first convolution, so that a laptop trains it in minutes.
"""

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
import torch
from layer import BatchNorm2d
from torch import nn
from torch.nn import functional as F
from utils import test, train

__all__ = ["Block", "build", "main", "moved", "test", "train"]

TRAIN_BATCH_SIZE = 100
TEST_BATCH_SIZE = 100
LOG_INTERVAL = 100
EPOCHS = 16
LR, MM, WD = 0.1, 0.9, 5e-4  # learning rate, momentum, weight decay


class Block(nn.Module):
    """relu(x + f(x)), f two 3x3 convolutions; where the size changes, x passes a 1x1 convolution.

    Args:
        n_in, n_out: channels.
        stride: 2 halves rows and columns.
    """

    def __init__(self, n_in: int, n_out: int, stride: int = 1) -> None:
        super().__init__()
        self.residual = nn.Sequential(
            nn.Conv2d(n_in, n_out, 3, stride, padding=1, bias=False),
            BatchNorm2d(n_out),
            nn.ReLU(),
            nn.Conv2d(n_out, n_out, 3, padding=1, bias=False),
            BatchNorm2d(n_out),
        )
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or n_in != n_out:
            self.shortcut = nn.Sequential(nn.Conv2d(n_in, n_out, 1, stride, bias=False), BatchNorm2d(n_out))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """[B, n_in, H, W] -> [B, n_out, H / stride, W / stride]."""
        return F.relu(self.shortcut(x) + self.residual(x))


def build() -> nn.Sequential:
    """[B, 1, 28, 28] -> logits [B, 10]: a convolution, three blocks, a Linear on the mean of each channel."""
    return nn.Sequential(
        nn.Conv2d(1, 32, 5, stride=2, padding=2, bias=False),
        BatchNorm2d(32),
        nn.ReLU(),
        Block(32, 32),
        Block(32, 64, stride=2),
        Block(64, 128, stride=2),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(128, 10),
    )


def moved(x: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Images [B, 1, 28, 28], each turned, sheared, scaled and shifted a little: it stays the digit it is.

    The matrix is drawn around the identity by up to 0.15 and the shift up to 2 pixels, from the generator.
    """
    theta = torch.eye(2, 3) + (torch.rand(len(x), 2, 3, generator=generator) * 2 - 1) * 0.15
    grid = F.affine_grid(theta, list(x.shape), align_corners=False)
    dark = x.min()  # what lies outside is background, not grey
    return F.grid_sample(x - dark, grid, align_corners=False) + dark


def program() -> experiment.Program:
    """The net with the settings that it is trained with."""
    return experiment.Program(
        "mini-ResNet", build, (1, 28, 28), EPOCHS, LR, MM, WD, TRAIN_BATCH_SIZE, TEST_BATCH_SIZE, LOG_INTERVAL, moved
    )


def main(argv: list[str] | None = None) -> int:
    """Parse the command line and train."""
    return experiment.main(program(), __doc__, argv)


if __name__ == "__main__":
    raise SystemExit(main())
