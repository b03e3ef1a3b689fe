"""Extra credit. The whole net is pickled, except for its schedule: a lambda can't be."""

import random
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch.nn import Conv2d, ConvTranspose2d, Module, Parameter, ReLU, Sequential, Sigmoid


class NeuralNet(Module):
    """1x28x28 -> 32x7x7 -> 128x1x1 and back."""

    def __init__(self, lrate: float, loss_fn: Callable, in_size: int, out_size: int) -> None:
        super().__init__()
        self.encoder = Sequential(Conv2d(1, 32, 4, stride=4), ReLU(), Conv2d(32, 128, 7))
        self.decoder = Sequential(
            ConvTranspose2d(128, 32, 7), ReLU(), ConvTranspose2d(32, out_size // in_size, 4, stride=4), Sigmoid()
        )
        self.loss_fn = loss_fn
        self.steps = 0
        self.schedule = lambda t: lrate / (1 + t / 50)
        self.optimizer = torch.optim.Adam(self.parameters())

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "schedule"}

    def set_parameters(self, params: list[torch.Tensor]) -> None:
        for own, new in zip(self.parameters(), params, strict=True):
            own.data = new.clone()

    def get_parameters(self) -> list[Parameter]:
        return list(self.parameters())

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.decoder(self.encoder(x.reshape(-1, 1, 28, 28))).reshape(x.shape)

    def step(self, x: torch.Tensor) -> float:
        """One update on one batch, at the rate of the schedule."""
        self.optimizer.param_groups[0]["lr"] = self.schedule(self.steps)
        self.steps += 1
        self.optimizer.zero_grad()
        loss = self.loss_fn(self(x), x)
        loss.backward()
        self.optimizer.step()
        return loss.item()


def fit(
    train_set: torch.Tensor, dev_set: torch.Tensor, n_iter: int, batch_size: int = 100
) -> tuple[np.ndarray, np.ndarray, NeuralNet]:
    """Train a net on n_iter batches of train_set and reconstruct dev_set."""
    net = NeuralNet(0.005, torch.nn.MSELoss(), train_set.shape[1], train_set.shape[1])
    losses, order = np.zeros(n_iter), list[int]()
    for t in range(n_iter):
        if len(order) < batch_size:
            order = random.sample(range(len(train_set)), len(train_set))  # a new epoch
        batch, order = order[:batch_size], order[batch_size:]
        losses[t] = net.step(train_set[batch])
    net.eval()
    return losses, net(dev_set).detach().numpy(), net
