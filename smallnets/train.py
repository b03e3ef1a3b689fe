"""Seeds, a net before training, and predictions in batches."""

import random
from typing import Any

import numpy as np
import torch


def seed_everything(seed: int) -> None:
    """Seed the global generators of random, numpy and torch, before code that we did not write runs.

    Our own code takes a seed or a Generator; a student's fit() may draw from any of the three.
    """
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002
    torch.manual_seed(seed)


@torch.no_grad()
def predict(net: Any, x: torch.Tensor, batch_size: int = 500) -> torch.Tensor:
    """The outputs [N, ...] of `net` on x [N, ...], computed in batches.

    Args:
        net: a module, which runs in eval mode and is put back into its own, or any other callable.
    """
    training = net.training if isinstance(net, torch.nn.Module) else None
    if training:
        net.eval()
    try:
        return torch.cat([net(batch) for batch in x.split(batch_size)])
    finally:
        if training:
            net.train()


def untrained(fit: Any, n_classes: int, divisor: float) -> Any:
    """An untrained net, made by a fit on noise with n_iter 0, as the arguments of its constructor are unknown.

    Args:
        n_classes: 0 if fit takes no labels.
        divisor: pixels reach up to 255 / divisor.
    """
    x = torch.from_numpy(np.random.default_rng(0).uniform(0, 255 / divisor, (200, 784))).float()
    labels = (torch.arange(200) % n_classes,) if n_classes else ()
    return fit(x, *labels, x[:2].clone(), 0)[2]
