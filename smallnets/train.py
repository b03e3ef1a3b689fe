"""Seeds, and predictions in batches."""

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
