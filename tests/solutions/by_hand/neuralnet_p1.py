"""Part 1 with the weights in hand: tensors in a list, and the update written out."""

from collections.abc import Callable

import numpy as np
import torch
from torch.nn import functional


def kaiming(*shape: int) -> torch.Tensor:
    """Weights [out, in, ...] whose variance is 2 over the number of inputs."""
    weights = torch.randn(shape)
    return (weights * (2 / weights[0].numel()) ** 0.5).requires_grad_()


class NeuralNet(torch.nn.Module):
    """W2 relu(W1 x + b1) + b2."""

    def __init__(self, lrate: float, loss_fn: Callable, in_size: int, out_size: int) -> None:
        super().__init__()
        self.lrate, self.loss_fn = lrate, loss_fn
        self.weights = [
            *(kaiming(128, in_size), torch.zeros(128, requires_grad=True)),
            *(kaiming(out_size, 128), torch.zeros(out_size, requires_grad=True)),
        ]
        self.velocities = [torch.zeros_like(weight) for weight in self.weights]

    def set_parameters(self, params: list[torch.Tensor]) -> None:
        self.weights = [new.detach().clone().requires_grad_() for new in params]

    def get_parameters(self) -> list[torch.Tensor]:
        return self.weights

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        w1, b1, w2, b2 = self.weights
        return functional.linear(functional.linear(x / 255 - 0.5, w1, b1).relu(), w2, b2)

    def step(self, x: torch.Tensor, y: torch.Tensor) -> float:
        loss = self.loss_fn(self(x), y)
        gradients = torch.autograd.grad(loss, self.weights)
        with torch.no_grad():
            for weight, velocity, gradient in zip(self.weights, self.velocities, gradients, strict=True):
                velocity.mul_(0.9).sub_(self.lrate * gradient)
                weight.add_(velocity)
        return loss.item()


def fit(
    train_set: torch.Tensor, train_labels: torch.Tensor, dev_set: torch.Tensor, n_iter: int, batch_size: int = 100
) -> tuple[list[float], np.ndarray, NeuralNet]:
    """n_iter batches, each drawn with replacement."""
    net = NeuralNet(0.02, torch.nn.CrossEntropyLoss(), train_set.shape[1], 3)
    losses = []
    for _ in range(n_iter):
        i = torch.randint(len(train_set), (batch_size,))
        losses.append(net.step(train_set[i], train_labels[i]))
    with torch.no_grad():
        yhats = net(dev_set).argmax(dim=1)
    return losses, yhats.numpy(), net
