"""Inside the sandbox: how fit prepares images for its net, where it does so before the net sees them.

The handout says that you can alter the data matrix by X := (X - mean) / deviation, and many do it in fit. Such a net is
wrong on the pixels of other images, which one check charges; in another, its saved weights are judged on images
prepared in the same way.
"""

import numpy as np
import torch

from smallnets import train

ENOUGH = 0.98  # share of fit's predictions that the net gives too


def forms(x: torch.Tensor, mean: torch.Tensor, deviation: torch.Tensor) -> dict[str, torch.Tensor]:
    """Images [N, 784] of 0 to 255 in every usual form, the plainest first.

    Args:
        mean, deviation: of each pixel [784] of the training images.
    """
    overall = (deviation.square().mean() + mean.var(correction=0)).sqrt()
    return {
        "": x,
        "divided by 255": x / 255,
        "scaled to -1 to 1": x / 127.5 - 1,
        "standardised": (x - mean.mean()) / overall,
        "standardised by pixel": (x - mean) / deviation.clamp(min=1e-6),
    }


def moments(arrays: dict[str, np.ndarray]) -> list[torch.Tensor]:
    """Mean and deviation of each pixel [784], from arrays of these names."""
    return [torch.from_numpy(arrays[name]).float() for name in ("mean", "deviation")]


def of_fit(net: torch.nn.Module, images: dict[str, torch.Tensor], predictions: np.ndarray) -> str:
    """The first form in which a net gives fit's predictions [M] for the first M images; "" if there is none."""
    for form, x in images.items():
        labels = train.predict(net, x[: len(predictions)]).argmax(1).numpy()
        if np.mean(labels == predictions) >= ENOUGH:
            return form
    return ""
