"""Seeds, and predictions in batches."""

import random

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
def predict(net: torch.nn.Module, x: torch.Tensor, batch_size: int = 500) -> torch.Tensor:
    """The outputs [N, ...] of `net` in eval mode on x [N, ...], computed in batches; the mode is put back."""
    training = net.training
    net.eval()
    try:
        return torch.cat([net(batch) for batch in x.split(batch_size)])
    finally:
        net.train(training)
