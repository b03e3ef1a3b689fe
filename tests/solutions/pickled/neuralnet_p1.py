"""Part 1. The whole net is pickled, so its functions have names by which they are found again."""

import random
from collections.abc import Callable

import numpy as np
import torch
from torch.nn import Linear, Module, Parameter, functional


def to_unit(pixels: torch.Tensor) -> torch.Tensor:
    """Pixels from 0..255 to -1..1."""
    return pixels / 127.5 - 1


class NeuralNet(Module):
    """One hidden layer of 128 units."""

    def __init__(self, lrate: float, loss_fn: Callable, in_size: int, out_size: int) -> None:
        super().__init__()
        self.scale = to_unit
        self.hidden = Linear(in_size, 128)
        self.activation = functional.leaky_relu
        self.output = Linear(128, out_size)
        self.loss_fn = loss_fn
        self.optimizer = torch.optim.Adam(self.parameters(), lr=lrate)

    def set_parameters(self, params: list[torch.Tensor]) -> None:
        for own, new in zip(self.parameters(), params, strict=True):
            own.data = new.clone()

    def get_parameters(self) -> list[Parameter]:
        return list(self.parameters())

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.output(self.activation(self.hidden(self.scale(x))))

    def step(self, x: torch.Tensor, y: torch.Tensor) -> float:
        """One update on one batch."""
        self.optimizer.zero_grad()
        loss = self.loss_fn(self(x), y)
        loss.backward()
        self.optimizer.step()
        return loss.item()


def fit(
    train_set: torch.Tensor, train_labels: torch.Tensor, dev_set: torch.Tensor, n_iter: int, batch_size: int = 100
) -> tuple[np.ndarray, np.ndarray, NeuralNet]:
    """Train a net on n_iter batches of train_set and classify dev_set."""
    net = NeuralNet(0.003, torch.nn.CrossEntropyLoss(), train_set.shape[1], 3)
    losses, order = np.zeros(n_iter), list[int]()
    for t in range(n_iter):
        if len(order) < batch_size:
            order = random.sample(range(len(train_set)), len(train_set))  # a new epoch
        batch, order = order[:batch_size], order[batch_size:]
        losses[t] = net.step(train_set[batch], train_labels[batch])
    net.eval()
    yhats = net(dev_set).detach().numpy().argmax(axis=1)
    return losses, yhats.astype(np.int32), net
