"""Extra credit: an autoencoder, 1x28x28 -> 4x7x7 -> 1x28x28."""

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
    """Two convolutions down to 196 numbers, two transposed ones back up; a sigmoid keeps pixels in (0, 1)."""

    def __init__(self, lrate: float) -> None:
        super().__init__()
        self.encoder = nn.Sequential(
            *(nn.Conv2d(1, 16, 3, stride=2, padding=1), nn.ReLU()),
            nn.Conv2d(16, 4, 3, stride=2, padding=1),
        )
        self.decoder = nn.Sequential(
            *(nn.ConvTranspose2d(4, 16, 4, stride=2, padding=1), nn.ReLU()),
            *(nn.ConvTranspose2d(16, 1, 4, stride=2, padding=1), nn.Sigmoid()),
        )
        self.optimizer = torch.optim.Adam(self.parameters(), lr=lrate)

    def get_parameters(self) -> Iterator[nn.Parameter]:
        return self.parameters()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.decoder(self.encoder(x.view(-1, 1, 28, 28))).flatten(1)

    def step(self, x: torch.Tensor) -> float:
        self.optimizer.zero_grad()
        loss = nn.functional.mse_loss(self(x), x)
        loss.backward()
        self.optimizer.step()
        return loss.item()


def fit(
    train_set: torch.Tensor, dev_set: torch.Tensor, n_iter: int, batch_size: int = 100
) -> tuple[list[float], np.ndarray, NeuralNet]:
    """Train for n_iter batches; returns the losses, the reconstructions of dev_set and the net."""
    net = NeuralNet(0.01)
    losses = [net.step(train_set[i]) for i in islice(batches(len(train_set), batch_size), n_iter)]
    net.eval()
    with torch.no_grad():
        xhats = torch.cat([net(x) for x in dev_set.split(batch_size)])
    return losses, xhats.numpy(), net
