"""A net with one hidden layer: python main_densenet.py --mode train --LR .0001 --bs 100 --epochs 2000."""

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

HEIGHT, WIDTH, N_CLASSES, HIDDEN_LAYER_WIDTH = 28, 28, 6, 100


class TwoLayerDenseNet(nn.Module):
    """Linear-ReLU-Linear on standardised pixels: images (see standardised) -> logits [B, n_classes]."""

    def __init__(
        self,
        input_shape: int = HEIGHT * WIDTH,
        hidden_layer_width: int = HIDDEN_LAYER_WIDTH,
        n_classes: int = N_CLASSES,
    ) -> None:
        super().__init__()
        self.init = {"input_shape": input_shape, "hidden_layer_width": hidden_layer_width, "n_classes": n_classes}
        self.layers = nn.Sequential(
            nn.Linear(input_shape, hidden_layer_width), nn.ReLU(), nn.Linear(hidden_layer_width, n_classes)
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.layers(standardised(x).flatten(1))


def program() -> Any:
    """The net for the session to train."""
    from utils import session

    return session.Program("densenet", TwoLayerDenseNet, N_CLASSES)


def main() -> int:
    """Train or predict, as the command line says."""
    from utils import session

    return session.main(program())


if __name__ == "__main__":
    raise SystemExit(main())
