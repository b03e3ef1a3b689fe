"""Part 2: T-shirt, pullover, dress, coat or shirt."""

from collections.abc import Iterator
from itertools import islice

import numpy as np
import torch
from torch import nn


def batches(n: int, batch_size: int) -> Iterator[torch.Tensor]:
    """Indices of one batch after another, reshuffled after each epoch."""
    while True:
        yield from torch.randperm(n).split(batch_size)


class NeuralNet(nn.Module):
    """Two convolutions, each followed by pooling, and two linear layers."""

    mean: torch.Tensor
    std: torch.Tensor

    def __init__(self, lrate: float) -> None:
        super().__init__()
        self.register_buffer("mean", torch.tensor(0.0))
        self.register_buffer("std", torch.tensor(1.0))
        self.layers = nn.Sequential(
            nn.Unflatten(1, (1, 28, 28)),
            *(nn.Conv2d(1, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2)),
            *(nn.Conv2d(16, 32, 3, padding=1), nn.BatchNorm2d(32), nn.ReLU(), nn.MaxPool2d(2)),
            *(nn.Flatten(), nn.Linear(32 * 7 * 7, 128), nn.ReLU(), nn.Linear(128, 5)),
        )
        self.optimizer = torch.optim.Adam(self.parameters(), lr=lrate)

    def get_parameters(self) -> Iterator[nn.Parameter]:
        return self.parameters()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.layers((x - self.mean) / self.std)

    def step(self, x: torch.Tensor, y: torch.Tensor) -> float:
        self.optimizer.zero_grad()
        loss = nn.functional.cross_entropy(self(x), y)
        loss.backward()
        self.optimizer.step()
        return loss.item()


def fit(
    train_set: torch.Tensor, train_labels: torch.Tensor, dev_set: torch.Tensor, n_iter: int, batch_size: int = 100
) -> tuple[list[float], np.ndarray, NeuralNet]:
    """Train for n_iter batches; returns the losses, the labels of dev_set and the net."""
    net = NeuralNet(0.003)
    net.mean, net.std = train_set.mean(), train_set.std() + 1e-6
    losses = [net.step(train_set[i], train_labels[i]) for i in islice(batches(len(train_set), batch_size), n_iter)]
    net.eval()
    with torch.no_grad():
        yhats = torch.cat([net(x).argmax(dim=1) for x in dev_set.split(batch_size)])
    return losses, yhats.numpy(), net
