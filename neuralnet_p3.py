"""Part 3: an autoencoder that squeezes 784 pixels into 196 numbers and back, by convolutions alone."""

from collections.abc import Callable, Iterable, Iterator
from itertools import islice

import numpy as np
import torch
from torch.nn import Conv2d, ConvTranspose2d


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
    """Yield for ever index tensors [min(n, batch_size)]: epoch after epoch, each shuffled once."""
    while True:
        order = torch.randperm(n)
        # a last batch that is not full is left out; its images get their turn in a later epoch
        for start in range(0, max(1, n - batch_size + 1), batch_size):
            yield order[start : start + batch_size]


class Shift(torch.nn.Module):
    """Adds a fixed image to each of a batch; with `clamp`, the sum is cut to [0, 1] in eval mode.

    In training it is not, as a clamped pixel has no gradient that could correct it.
    """

    image: torch.Tensor

    def __init__(self, clamp: bool) -> None:
        super().__init__()
        self.clamp = clamp
        self.register_buffer("image", torch.zeros(1, 28, 28))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """x [B, 1, 28, 28] -> the same shape."""
        x = x + self.image
        return x.clamp(0, 1) if self.clamp and not self.training else x


class NeuralNet(torch.nn.Module):
    """1x28x28 -> 16x7x7 -> 196x1x1 and back, 308,069 parameters; pixels in [0, 1] in and out."""

    def __init__(self, lrate: float, loss_fn: Callable, in_size: int, out_size: int) -> None:
        """loss_fn(yhat, y) is any loss of torch; the learning rate of a step is the attribute lr."""
        super().__init__()
        self.init = {"lrate": lrate, "in_size": in_size, "out_size": out_size}
        # without activations: in 100 iterations this gets further than with ReLU or GELU in between
        down = [Conv2d(1, 16, 4, stride=4), Conv2d(16, 196, 7)]
        up = [ConvTranspose2d(196, 16, 7), ConvTranspose2d(16, 1, 4, stride=4)]
        self.encoder = torch.nn.Sequential(Shift(clamp=False), *down)
        self.decoder = torch.nn.Sequential(*up, Shift(clamp=True))
        # start as a projection: an orthogonal encoder, and its transpose as the decoder
        for conv, transposed in zip(down, reversed(up), strict=True):
            torch.nn.init.orthogonal_(conv.weight)
            transposed.weight.data.copy_(conv.weight.data)
        for p in self.parameters():
            if p.ndim == 1:
                torch.nn.init.zeros_(p)
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

    def centre(self, x: torch.Tensor) -> None:
        """Let the net work on the difference to the mean image of x [N, in_size]."""
        mean = x.mean(dim=0).view(1, 28, 28)
        self.encoder[0].image, self.decoder[2].image = -mean, mean

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """x [N, in_size] in [0, 1] -> reconstructions [N, in_size]."""
        return self.decoder(self.encoder(x.reshape(-1, 1, 28, 28))).flatten(1)

    def step(self, x: torch.Tensor) -> float:
        """One update on the batch x [B, in_size]; returns the loss before it, a float."""
        loss = self.loss_fn(self(x), x)
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
    train_set: torch.Tensor, dev_set: torch.Tensor, n_iter: int, batch_size: int = 100
) -> tuple[list[float], np.ndarray, NeuralNet]:
    """Train on n_iter batches, then reconstruct dev_set.

    Args:
        train_set: float32 [N, in_size], pixels in [0, 1].
        dev_set: float32 [M, in_size], likewise.

    Returns:
        (losses, xhats, net): n_iter floats, numpy float32 [M, in_size] in [0, 1], the trained net in eval mode.
    """
    lrate, in_size = 0.1, train_set.shape[1]
    net = NeuralNet(lrate, torch.nn.MSELoss(), in_size, in_size)
    net.centre(train_set)
    losses = []
    for t, i in enumerate(islice(batches(len(train_set), batch_size), n_iter)):
        # up in the first tenth of the iterations, then down to zero
        net.lr = lrate * min(1, 10 * (t + 1) / n_iter) * (1 - t / n_iter)
        losses.append(net.step(train_set[i]))
    net.eval()
    with torch.no_grad():
        xhats = torch.cat([net(x) for x in dev_set.split(500)])
    return losses, xhats.numpy(), net
