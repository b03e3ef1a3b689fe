"""The best net under 1 MB: python main_bestmodel.py --mode train --LR .01 --bs 100 --epochs 2000."""

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
from torch.nn import functional as F
from utils.images import standardised

N_CLASSES = 6


def moved(x: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Drawings [B, 28, 28], each turned, sheared, scaled and shifted a little, and half of them mirrored.

    The matrix is drawn around the identity by up to 0.25 and the shift by up to some 3 pixels, from the generator.
    """
    theta = torch.eye(2, 3) + (torch.rand(len(x), 2, 3, generator=generator) * 2 - 1) * torch.tensor([0.25, 0.25, 0.18])
    theta[:, :, 0] *= torch.randint(0, 2, (len(x), 1), generator=generator) * 2 - 1
    grid = F.affine_grid(theta, [len(x), 1, 28, 28], align_corners=False)
    return F.grid_sample(x[:, None], grid, align_corners=False)[:, 0]


def one_cycle(net: nn.Module, lr: float, steps: int) -> tuple:
    """AdamW, whose learning rate rises to lr and falls to zero (Smith and Topin, 2018, arXiv:1708.07120)."""
    optimiser = torch.optim.AdamW(net.parameters(), lr=lr, weight_decay=0.01)
    return optimiser, torch.optim.lr_scheduler.OneCycleLR(optimiser, lr, total_steps=steps, pct_start=0.2)


def _block(n_in: int, n_out: int) -> list[nn.Module]:
    return [nn.Conv2d(n_in, n_out, 3, padding=1, bias=False), nn.BatchNorm2d(n_out), nn.ReLU()]


class BestModel(nn.Module):
    """Five 3x3 convolutions with BatchNorm, twice as wide whenever the image halves: images -> logits [B, n_classes].

    In evaluation mode the logits are the mean of those of an image and of its mirror image.
    """

    def __init__(self, n_classes: int = N_CLASSES, width: int = 30) -> None:
        super().__init__()
        self.init = {"n_classes": n_classes, "width": width}
        self.layers = nn.Sequential(
            *_block(1, width), nn.MaxPool2d(2),
            *_block(width, 2 * width), *_block(2 * width, 2 * width), nn.MaxPool2d(2),
            *_block(2 * width, 4 * width), *_block(4 * width, 4 * width),
            nn.AdaptiveMaxPool2d(1), nn.Flatten(), nn.Dropout(0.3), nn.Linear(4 * width, n_classes),
        )  # fmt: skip
        # convolutions on a CPU are a sixth faster so; the overloads leave this argument out
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = standardised(x).contiguous(memory_format=torch.channels_last)
        return self.layers(x) if self.training else (self.layers(x) + self.layers(x.flip(3))) / 2


def program() -> Any:
    """The net for the session to train."""
    from utils import session

    return session.Program("bestmodel", BestModel, N_CLASSES, one_cycle, moved)


def main() -> int:
    """Train or predict, as the command line says."""
    from utils import session

    return session.main(program())


if __name__ == "__main__":
    raise SystemExit(main())
