"""Part 2. The whole net is pickled, with its mean and standard deviation as plain attributes."""

import random
from collections.abc import Callable
from functools import partial

import numpy as np
import torch
from torch.nn import BatchNorm1d, Conv2d, Linear, Module, Parameter, functional


class NeuralNet(Module):
    """A convolution of 16 channels and two linear layers."""

    def __init__(self, lrate: float, loss_fn: Callable, in_size: int, out_size: int) -> None:
        super().__init__()
        self.mean, self.std = 0.0, 1.0
        self.conv = Conv2d(1, 16, kernel_size=3, stride=1, padding=1)
        self.hidden = Linear(16 * in_size // 4, 128)
        self.norm = BatchNorm1d(128)
        self.output = Linear(128, out_size)
        self.activation = partial(functional.leaky_relu, negative_slope=0.1)
        self.loss_fn = loss_fn
        self.optimizer = torch.optim.Adam(self.parameters(), lr=lrate)

    def set_parameters(self, params: list[torch.Tensor]) -> None:
        for own, new in zip(self.parameters(), params, strict=True):
            own.data = new.clone()

    def get_parameters(self) -> list[Parameter]:
        return list(self.parameters())

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        images = (x.reshape(-1, 1, 28, 28) - self.mean) / self.std
        pooled = functional.max_pool2d(self.activation(self.conv(images)), 2)
        return self.output(self.activation(self.norm(self.hidden(pooled.flatten(1)))))

    def step(self, x: torch.Tensor, y: torch.Tensor) -> float:
        """One update on one batch."""
        self.train(len(x) > 1)  # batch norm has no variance to go by with one image
        self.optimizer.zero_grad()
        loss = self.loss_fn(self(x), y)
        loss.backward()
        self.optimizer.step()
        return loss.item()


def fit(
    train_set: torch.Tensor, train_labels: torch.Tensor, dev_set: torch.Tensor, n_iter: int, batch_size: int = 100
) -> tuple[np.ndarray, np.ndarray, NeuralNet]:
    """Train a net on n_iter batches of train_set and classify dev_set."""
    net = NeuralNet(0.003, torch.nn.CrossEntropyLoss(), train_set.shape[1], 5)
    net.mean, net.std = float(train_set.mean()), float(train_set.std()) + 1e-6
    losses, order = np.zeros(n_iter), list[int]()
    for t in range(n_iter):
        if len(order) < batch_size:
            order = random.sample(range(len(train_set)), len(train_set))  # a new epoch
        batch, order = order[:batch_size], order[batch_size:]
        losses[t] = net.step(train_set[batch], train_labels[batch])
    net.eval()
    yhats = net(dev_set).detach().numpy().argmax(axis=1)
    return losses, yhats.astype(np.int32), net
