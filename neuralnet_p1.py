"""Part 1: cloth, shoe or bag, by one hidden layer."""

from collections.abc import Callable, Iterable, Iterator
from itertools import islice

import numpy as np
import torch


def orthogonalise(gradient: torch.Tensor) -> torch.Tensor:
    """The matrix with the singular vectors of `gradient` and singular values near 1, in the same shape [rows, ...].

    Five Newton-Schulz iterations (Jordan et al., "Muon", 2024). Each multiplies the matrix by a polynomial of the
    small matrix A A^T, so these factors are multiplied first: ten products with all of A become two.
    """
    a = gradient.flatten(1)
    gram = a @ a.T
    norm = gram.trace().sqrt() + 1e-7
    gram = gram / norm**2
    one = product = torch.eye(len(a)).to(a)
    for _ in range(5):
        factor = 3.4445 * one - 4.7750 * gram + 2.0315 * gram @ gram
        product, gram = factor @ product, factor @ gram @ factor
    return (product / norm @ a).view_as(gradient)


def batches(n: int, batch_size: int) -> Iterator[torch.Tensor]:
    """Yield index tensors [min(n, batch_size)] for ever: shuffled epochs, less a last batch that is not full."""
    while True:
        order = torch.randperm(n)
        for start in range(0, max(1, n - batch_size + 1), batch_size):
            yield order[start : start + batch_size]


class NeuralNet(torch.nn.Module):
    """784 -> 128 -> 3, 100,867 parameters; raw pixels in, logits out."""

    mean: torch.Tensor
    std: torch.Tensor

    def __init__(self, lrate: float, loss_fn: Callable, in_size: int, out_size: int) -> None:
        """loss_fn(yhat, y) is any loss of torch; the learning rate of a step is the attribute lr."""
        super().__init__()
        self.init = {"lrate": lrate, "in_size": in_size, "out_size": out_size}
        # buffers are saved with the net, so it takes raw pixels wherever it is loaded
        self.register_buffer("mean", torch.zeros(in_size))
        self.register_buffer("std", torch.ones(in_size))
        self.layers = torch.nn.Sequential(
            torch.nn.Linear(in_size, 128),
            torch.nn.GELU(),
            torch.nn.Linear(128, out_size),
        )
        self.lr = lrate
        self.loss_fn = loss_fn
        self.velocities = [torch.zeros_like(p) for p in self.parameters()]

    def set_parameters(self, params: Iterable[torch.Tensor]) -> None:
        """Copy tensors in, in the order of get_parameters()."""
        with torch.no_grad():
            for p, value in zip(self.get_parameters(), params, strict=True):
                p.copy_(value)

    def get_parameters(self) -> list[torch.nn.Parameter]:
        """The list of trained tensors."""
        return list(self.parameters())

    def standardise(self, x: torch.Tensor) -> None:
        """Set mean and standard deviation of each pixel's square root from x [N, in_size]."""
        x = x.sqrt()
        self.mean = x.mean(dim=0)
        # a sixteenth of the range more, so that pixels that hardly vary are not blown up into noise
        self.std = x.std(dim=0, correction=0) + 1

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """x [N, in_size] raw pixels -> logits [N, out_size]."""
        # roots, as whether a pixel is dark or black tells more than how bright it is
        return self.layers((x.sqrt() - self.mean) / self.std)

    def step(self, x: torch.Tensor, y: torch.Tensor) -> float:
        """One update on the batch x [B, in_size], y int64 [B]; returns the loss before it, a float."""
        loss = self.loss_fn(self(x), y)
        parameters = self.get_parameters()
        gradients = torch.autograd.grad(loss, parameters)
        with torch.no_grad():
            # written out, since importing torch.optim takes a second
            for p, velocity, gradient in zip(parameters, self.velocities, gradients, strict=True):
                velocity.mul_(0.7).add_(gradient)
                update = gradient + 0.7 * velocity
                p.sub_(self.lr * (orthogonalise(update) if p.ndim > 1 else update))
        return loss.item()


def fit(
    train_set: torch.Tensor, train_labels: torch.Tensor, dev_set: torch.Tensor, n_iter: int, batch_size: int = 100
) -> tuple[list[float], np.ndarray, NeuralNet]:
    """Train on n_iter batches, then classify dev_set.

    train_set [N, in_size] and dev_set [M, in_size] are float32, raw pixels; train_labels is int64 [N], from 0.
    Returns (losses, yhats, net): n_iter floats, numpy int64 [M], the trained net in eval mode.
    """
    lrate, out_size = 0.08, int(train_labels.max()) + 1
    net = NeuralNet(lrate, torch.nn.CrossEntropyLoss(label_smoothing=0.2), train_set.shape[1], out_size)
    net.standardise(train_set)
    losses = []
    for t, i in enumerate(islice(batches(len(train_set), batch_size), n_iter)):
        # up in the first tenth of the iterations, then down to zero
        net.lr = lrate * min(1, 10 * (t + 1) / n_iter) * (1 - t / n_iter)
        losses.append(net.step(train_set[i], train_labels[i]))
    net.eval()
    with torch.no_grad():
        yhats = torch.cat([net(x).argmax(dim=1) for x in dev_set.split(500)])
    return losses, yhats.numpy(), net
