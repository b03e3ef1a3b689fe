"""Part 3 of MP6 in small steps: each class is a whole net that changes one thing of the class it is derived from.

This file can be handed in as neuralnet_p3.py: NeuralNet, near its end, names the rung, as `ladder.py --write` sets it.
Every learning rate is the best of some that were tried on other draws of the training images.
"""

from collections.abc import Callable, Iterable, Iterator
from itertools import islice

import numpy as np
import torch
from torch import nn


class Handout(nn.Module):
    """The handout's example, 1x28x28 -> 16x14x14 -> 1x28x28, ReLU, a sigmoid at the end, plain SGD."""

    lrate = 3.0

    def __init__(self, lrate: float, loss_fn: Callable, in_size: int, out_size: int) -> None:
        super().__init__()
        self.encoder = self.build_encoder()
        self.decoder = self.build_decoder()
        self.loss_fn = loss_fn
        self.optimizer = self.build_optimizer(lrate)

    def build_encoder(self) -> nn.Sequential:
        """[B, 1, 28, 28] -> the code, [B, channels, height, width]."""
        return nn.Sequential(nn.Conv2d(1, 16, 3, stride=2, padding=1), nn.ReLU())

    def build_decoder(self) -> nn.Sequential:
        """The code -> [B, 1, 28, 28], in [0, 1]."""
        return nn.Sequential(nn.ConvTranspose2d(16, 1, 4, stride=2, padding=1), nn.Sigmoid())

    def build_optimizer(self, lrate: float) -> torch.optim.Optimizer:
        """The rule by which gradients change the parameters."""
        return torch.optim.SGD(self.parameters(), lr=lrate)

    def prepare(self, train_set: torch.Tensor) -> None:
        """Take statistics of the training images [N, in_size] before the first step; here, none."""

    def share_of_rate(self, t: int, n_iter: int) -> float:
        """The learning rate of iteration t, from 0, as a share of `lrate`."""
        return 1.0

    def set_parameters(self, params: Iterable[torch.Tensor]) -> None:
        """Copy tensors in, in the order of get_parameters()."""
        with torch.no_grad():
            for p, value in zip(self.get_parameters(), params, strict=True):
                p.copy_(value)

    def get_parameters(self) -> list[nn.Parameter]:
        """The list of trained tensors."""
        return list(self.parameters())

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Pixels [N, in_size] in [0, 1] -> reconstructions [N, in_size]."""
        return self.decoder(self.encoder(x.reshape(-1, 1, 28, 28))).flatten(1)

    def step(self, x: torch.Tensor) -> float:
        """One update on a batch; returns the loss before it."""
        self.optimizer.zero_grad()
        loss = self.loss_fn(self(x), x)
        loss.backward()
        self.optimizer.step()
        return loss.item()


class Bottleneck(Handout):
    """A second convolution, down to 4x7x7: 196 numbers an image, which is all that our own limit allows."""

    lrate = 4.0

    def build_encoder(self) -> nn.Sequential:
        return nn.Sequential(
            *(nn.Conv2d(1, 16, 3, stride=2, padding=1), nn.ReLU()),
            nn.Conv2d(16, 4, 3, stride=2, padding=1),
        )

    def build_decoder(self) -> nn.Sequential:
        return nn.Sequential(
            *(nn.ConvTranspose2d(4, 16, 4, stride=2, padding=1), nn.ReLU()),
            *(nn.ConvTranspose2d(16, 1, 4, stride=2, padding=1), nn.Sigmoid()),
        )


class Adaptive(Bottleneck):
    """Adam, which divides each parameter's step by the size of its gradients."""

    lrate = 0.02

    def build_optimizer(self, lrate: float) -> torch.optim.Optimizer:
        return torch.optim.Adam(self.parameters(), lr=lrate)


class Shift(nn.Module):
    """Adds a fixed image to each of a batch; with `clamp`, the sum is cut to [0, 1] in eval mode.

    In training it is not: a pixel that is cut has no gradient.
    """

    image: torch.Tensor

    def __init__(self, clamp: bool) -> None:
        super().__init__()
        self.clamp = clamp
        self.register_buffer("image", torch.zeros(1, 28, 28))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """[B, 1, 28, 28] -> the same shape."""
        x = x + self.image
        return x.clamp(0, 1) if self.clamp and not self.training else x


class Linear(Adaptive):
    """No activations: the difference to the mean image goes through linear maps alone."""

    lrate = 0.02

    def build_encoder(self) -> nn.Sequential:
        maps = (nn.Conv2d(1, 16, 3, stride=2, padding=1), nn.Conv2d(16, 4, 3, stride=2, padding=1))
        return nn.Sequential(Shift(clamp=False), *maps)

    def build_decoder(self) -> nn.Sequential:
        maps = (nn.ConvTranspose2d(4, 16, 4, stride=2, padding=1), nn.ConvTranspose2d(16, 1, 4, stride=2, padding=1))
        return nn.Sequential(*maps, Shift(clamp=True))

    def prepare(self, train_set: torch.Tensor) -> None:
        mean = train_set.mean(dim=0).view(1, 28, 28)
        self.encoder[0].image, self.decoder[2].image = -mean, mean

    def step(self, x: torch.Tensor) -> float:
        self.train()
        return super().step(x)


class Whole(Linear):
    """196 numbers that each see the whole image, 196x1x1, in place of four for each place."""

    lrate = 0.003

    def build_encoder(self) -> nn.Sequential:
        return nn.Sequential(Shift(clamp=False), nn.Conv2d(1, 16, 4, stride=4), nn.Conv2d(16, 196, 7))

    def build_decoder(self) -> nn.Sequential:
        maps = (nn.ConvTranspose2d(196, 16, 7), nn.ConvTranspose2d(16, 1, 4, stride=4))
        return nn.Sequential(*maps, Shift(clamp=True))


class Tied(Whole):
    """Orthogonal weights that encoder and decoder share, so that both together start as a projection."""

    def build_decoder(self) -> nn.Sequential:
        decoder = super().build_decoder()
        for conv, transposed in zip(list(self.encoder)[1:], list(decoder)[1::-1], strict=True):
            assert isinstance(conv, nn.Conv2d) and isinstance(transposed, nn.ConvTranspose2d)
            nn.init.orthogonal_(conv.weight)
            transposed.weight = conv.weight
        for p in (*self.encoder.parameters(), *decoder.parameters()):
            if p.ndim == 1:
                nn.init.zeros_(p)
        return decoder


class Orthogonal(torch.optim.Optimizer):
    """SGD with momentum, where all singular values of a matrix's update are set to 1 (Jordan et al., "Muon", 2024).

    Otherwise a few directions with large gradients would take most of each step. The singular value decomposition is
    the plain way; neuralnet_p3.py approximates it in less time by Newton-Schulz iterations.
    """

    def __init__(self, parameters: Iterable[nn.Parameter], lr: float) -> None:
        super().__init__(parameters, {"lr": lr})

    @torch.no_grad()
    def step(self, closure: Callable | None = None) -> None:  # type: ignore[override]
        """One update from the gradients that the parameters have."""
        for group in self.param_groups:
            for p in group["params"]:
                velocity = self.state[p].setdefault("velocity", torch.zeros_like(p))
                velocity.mul_(0.7).add_(p.grad)
                update = p.grad + 0.7 * velocity
                if p.ndim > 1:
                    u, _, v = torch.linalg.svd(update.flatten(1), full_matrices=False)
                    update = (u @ v).view_as(p)
                p.sub_(group["lr"] * update)


class Orthogonalised(Tied):
    """Orthogonalised updates: every direction of a matrix gets a step of the same length."""

    lrate = 0.03

    def build_optimizer(self, lrate: float) -> torch.optim.Optimizer:
        return Orthogonal(self.parameters(), lrate)


class Falling(Orthogonalised):
    """The learning rate rises in the first tenth of the iterations, then falls to zero."""

    lrate = 0.15

    def share_of_rate(self, t: int, n_iter: int) -> float:
        return min(1, 10 * (t + 1) / n_iter) * (1 - t / n_iter)


RUNGS = (Handout, Bottleneck, Adaptive, Linear, Whole, Tied, Orthogonalised, Falling)


def batches(n: int, batch_size: int) -> Iterator[torch.Tensor]:
    """Indices of one batch after another, reshuffled after each epoch."""
    while True:
        order = torch.randperm(n)
        yield from order[: max(batch_size, n - n % batch_size)].split(batch_size)


def train(
    kind: type[Handout], train_set: torch.Tensor, dev_set: torch.Tensor, n_iter: int, batch_size: int = 100
) -> tuple[list[float], np.ndarray, Handout]:
    """`fit` for a net of this kind."""
    net = kind(kind.lrate, nn.MSELoss(), train_set.shape[1], train_set.shape[1])
    net.prepare(train_set)
    losses = []
    for t, i in enumerate(islice(batches(len(train_set), batch_size), n_iter)):
        net.optimizer.param_groups[0]["lr"] = kind.lrate * net.share_of_rate(t, n_iter)
        losses.append(net.step(train_set[i]))
    net.eval()
    with torch.no_grad():
        xhats = torch.cat([net(x) for x in dev_set.split(500)])
    return losses, xhats.numpy(), net


NeuralNet = Handout


def fit(
    train_set: torch.Tensor, dev_set: torch.Tensor, n_iter: int, batch_size: int = 100
) -> tuple[list[float], np.ndarray, Handout]:
    """Train on n_iter batches; returns the losses, the reconstructions of dev_set and the net."""
    return train(NeuralNet, train_set, dev_set, n_iter, batch_size)
