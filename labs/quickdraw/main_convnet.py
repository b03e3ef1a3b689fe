"""A convolutional net of 1,350 parameters: python main_convnet.py --mode train --LR .01 --bs 100 --epochs 2000."""

import sys

if __name__ == "__main__":
    try:
        from smallnets import starting
    except ModuleNotFoundError:
        word = "pip install -r requirements.txt, in the checkout"
        print(f"error: expected the package smallnets, got no such package: {word}", file=sys.stderr)
        sys.exit(2)

    starting.start()  # no file beside this one hides Python's; Ctrl-C and a missing package are told in one line

from typing import Any

import torch
from torch import nn
from utils.images import standardised

HEIGHT, WIDTH, N_CLASSES = 28, 28, 6


class TooSimpleConvNN(nn.Module):
    """Two convolutions, a mean over the map, a 1x1 convolution: images (see standardised) -> logits [B, n_classes]."""

    def __init__(self, input_height: int = HEIGHT, input_width: int = WIDTH, n_classes: int = N_CLASSES) -> None:
        super().__init__()
        self.init = {"input_height": input_height, "input_width": input_width, "n_classes": n_classes}
        self.layers = nn.Sequential(
            nn.Conv2d(1, 8, 3), nn.ReLU(),
            nn.Conv2d(8, 16, 3, stride=2), nn.ReLU(),
            nn.AdaptiveAvgPool2d(1), nn.Conv2d(16, n_classes, 1), nn.Flatten(),
        )  # fmt: skip

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.layers(standardised(x, self.init["input_height"], self.init["input_width"]))


def program() -> Any:
    """The net for the session to train."""
    from utils import session

    return session.Program("convnet", TooSimpleConvNN, N_CLASSES)


def main() -> int:
    """Train or predict, as the command line says."""
    from utils import session

    return session.main(program())


if __name__ == "__main__":
    raise SystemExit(main())
