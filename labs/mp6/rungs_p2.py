"""Part 2 of MP6 in small steps: each class is a whole net that changes one thing of the class it is derived from.

This file can be handed in as neuralnet_p2.py: NeuralNet, near its end, names the rung, as `ladder.py --write` sets it.
Every learning rate, and every lambda, is the best of some that were tried on other draws of the training images.
"""

from collections.abc import Callable, Iterable, Iterator
from itertools import islice

import numpy as np
import torch
from torch import nn
from torch.nn import functional


class Handout(nn.Module):
    """The net of part 1 with five outputs, as the handout describes it: raw pixels, Tanh, plain SGD."""

    lrate = 0.003

    def __init__(self, lrate: float, loss_fn: Callable, in_size: int, out_size: int) -> None:
        super().__init__()
        self.layers = self.build(in_size, out_size)
        self.loss_fn = loss_fn
        self.optimizer = self.build_optimizer(lrate)

    def build(self, in_size: int, out_size: int) -> nn.Sequential:
        """The layers; none follows the last Linear, as the loss has the softmax."""
        return nn.Sequential(nn.Linear(in_size, 128), nn.Tanh(), nn.Linear(128, out_size))

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
        """Raw pixels [N, in_size] -> logits [N, out_size]."""
        return self.layers(x)

    def step(self, x: torch.Tensor, y: torch.Tensor) -> float:
        """One update on a batch; returns the loss before it."""
        self.optimizer.zero_grad()
        loss = self.loss_fn(self(x), y)
        loss.backward()
        self.optimizer.step()
        return loss.item()


class Relu(Handout):
    """ReLU instead of Tanh, which saturates on raw pixels and then passes almost no gradient."""

    lrate = 0.0003
    activation: type[nn.Module] = nn.ReLU

    def build(self, in_size: int, out_size: int) -> nn.Sequential:
        return nn.Sequential(nn.Linear(in_size, 128), self.activation(), nn.Linear(128, out_size))


class Selu(Relu):
    """SELU instead of ReLU."""

    activation = nn.SELU


class LeakyRelu(Relu):
    """LeakyReLU instead of ReLU."""

    activation = nn.LeakyReLU


class Regularised(Relu):
    """L2 regularisation: lambda times the sum of all squared parameters is added to the loss."""

    penalty = 10.0  # lambda, large because the learning rate is small

    def build_optimizer(self, lrate: float) -> torch.optim.Optimizer:
        # the gradient of lambda p^2 is 2 lambda p
        return torch.optim.SGD(self.parameters(), lr=lrate, weight_decay=2 * self.penalty)


class Deeper(Regularised):
    """Depth and width: two hidden layers, of 256 and 128 units."""

    lrate = 0.0006
    penalty = 3.0

    def build(self, in_size: int, out_size: int) -> nn.Sequential:
        hidden = (nn.Linear(in_size, 256), self.activation(), nn.Linear(256, 128), self.activation())
        return nn.Sequential(*hidden, nn.Linear(128, out_size))


class Standardised(Deeper):
    """Standardised pixels. Mean and deviation are part of the net, so that a saved net takes raw pixels, too."""

    lrate = 0.06
    penalty = 0.0005
    mean: torch.Tensor
    std: torch.Tensor

    def __init__(self, lrate: float, loss_fn: Callable, in_size: int, out_size: int) -> None:
        super().__init__(lrate, loss_fn, in_size, out_size)
        self.register_buffer("mean", torch.tensor(0.0))
        self.register_buffer("std", torch.tensor(1.0))

    def prepare(self, train_set: torch.Tensor) -> None:
        self.mean, self.std = train_set.mean(), train_set.std(correction=0).clamp(min=1e-6)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.layers((x - self.mean) / self.std)


class Convolution(Standardised):
    """The handout's convolution, 16 filters of 3x3, and max pooling; then 128 hidden units."""

    lrate = 0.2

    def build(self, in_size: int, out_size: int) -> nn.Sequential:
        return nn.Sequential(
            nn.Unflatten(1, (1, 28, 28)),
            *(nn.Conv2d(1, 16, 3, padding=1), self.activation(), nn.MaxPool2d(2)),  # [N, 16, 14, 14]
            *(nn.Flatten(), nn.Linear(16 * 14 * 14, 128), self.activation(), nn.Linear(128, out_size)),
        )


class Momentum(Convolution):
    """Nesterov's momentum: a step follows a decaying sum of all gradients, not the last one alone."""

    lrate = 0.05

    def build_optimizer(self, lrate: float) -> torch.optim.Optimizer:
        decay = 2 * self.penalty
        return torch.optim.SGD(self.parameters(), lr=lrate, weight_decay=decay, momentum=0.9, nesterov=True)


class Falling(Momentum):
    """The learning rate rises in the first tenth of the iterations, then falls to zero."""

    lrate = 0.1

    def share_of_rate(self, t: int, n_iter: int) -> float:
        return min(1, 10 * (t + 1) / n_iter) * (1 - t / n_iter)


class Normalised(Falling):
    """BatchNorm before each activation."""

    lrate = 0.2

    def build(self, in_size: int, out_size: int) -> nn.Sequential:
        return nn.Sequential(
            nn.Unflatten(1, (1, 28, 28)),
            *(nn.Conv2d(1, 16, 3, padding=1), nn.BatchNorm2d(16), self.activation(), nn.MaxPool2d(2)),
            *(nn.Flatten(), nn.Linear(16 * 14 * 14, 128), nn.BatchNorm1d(128), self.activation()),
            nn.Linear(128, out_size),
        )

    def step(self, x: torch.Tensor, y: torch.Tensor) -> float:
        self.train(len(x) > 1)  # a single image has no statistics
        return super().step(x, y)


class Orthogonal(torch.optim.Optimizer):
    """SGD with momentum, where all singular values of a matrix's update are set to 1 (Jordan et al., "Muon", 2024).

    Otherwise a few directions with large gradients would take most of each step. The singular value decomposition is
    the plain way; neuralnet_p2.py approximates it in less time by Newton-Schulz iterations.
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


class Orthogonalised(Normalised):
    """Orthogonalised updates: every direction of a matrix gets a step of the same length. No L2 regularisation."""

    lrate = 0.2

    def build_optimizer(self, lrate: float) -> torch.optim.Optimizer:
        return Orthogonal(self.parameters(), lrate)


class Edges(Orthogonalised):
    """Nine fixed filters for the first convolution, and 64 learned ones on what they find.

    The fixed ones are the principal components of 3x3 patches, scaled to equal variance: edges then count as much as
    plain brightness.
    """

    filters: torch.Tensor

    def __init__(self, lrate: float, loss_fn: Callable, in_size: int, out_size: int) -> None:
        super().__init__(lrate, loss_fn, in_size, out_size)
        self.register_buffer("filters", torch.eye(9).view(9, 1, 3, 3))

    def build(self, in_size: int, out_size: int) -> nn.Sequential:
        return nn.Sequential(
            *(nn.Conv2d(18, 64, 3, stride=2, padding=1), nn.BatchNorm2d(64), self.activation()),  # [N, 64, 7, 7]
            *(nn.Flatten(), nn.Linear(64 * 7 * 7, 128), nn.BatchNorm1d(128), self.activation()),
            nn.Linear(128, out_size),
        )

    def images(self, x: torch.Tensor) -> torch.Tensor:
        """Raw pixels [N, in_size] -> standardised images [N, 1, 28, 28]."""
        return ((x - self.mean) / self.std).view(-1, 1, 28, 28)

    def prepare(self, train_set: torch.Tensor) -> None:
        super().prepare(train_set)
        patches = functional.unfold(self.images(train_set[:1000]), 3).transpose(1, 2).reshape(-1, 9)
        variances, components = torch.linalg.eigh(patches.T @ patches / len(patches))
        self.filters = (components / (variances.clamp(min=0) + 0.01).sqrt()).T.reshape(9, 1, 3, 3)

    def edges(self, x: torch.Tensor) -> torch.Tensor:
        """Raw pixels [N, in_size] -> edges from light to dark, and from dark to light, [N, 18, 14, 14]."""
        z = functional.conv2d(self.images(x), self.filters, padding=1)
        return functional.avg_pool2d(torch.cat([z.relu(), (-z).relu()], dim=1), 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.layers(self.edges(x))


class Logs(Edges):
    """Logarithms of the edges: whether there is an edge tells more than how strong it is."""

    lrate = 0.1

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.layers((100 * self.edges(x)).log1p())


RUNGS = (Handout, Relu, Selu, LeakyRelu, Regularised, Deeper, Standardised, Convolution, Momentum, Falling, Normalised,
         Orthogonalised, Edges, Logs)  # fmt: skip


def batches(n: int, batch_size: int) -> Iterator[torch.Tensor]:
    """Indices of one batch after another, reshuffled after each epoch."""
    while True:
        order = torch.randperm(n)
        yield from order[: max(batch_size, n - n % batch_size)].split(batch_size)


def train(
    kind: type[Handout], train_set: torch.Tensor, train_labels: torch.Tensor, dev_set: torch.Tensor,
    n_iter: int, batch_size: int = 100,
) -> tuple[list[float], np.ndarray, Handout]:  # fmt: skip
    """`fit` for a net of this kind."""
    net = kind(kind.lrate, nn.CrossEntropyLoss(), train_set.shape[1], int(train_labels.max()) + 1)
    net.prepare(train_set)
    losses = []
    for t, i in enumerate(islice(batches(len(train_set), batch_size), n_iter)):
        net.optimizer.param_groups[0]["lr"] = kind.lrate * net.share_of_rate(t, n_iter)
        losses.append(net.step(train_set[i], train_labels[i]))
    net.eval()
    with torch.no_grad():
        yhats = torch.cat([net(x).argmax(dim=1) for x in dev_set.split(500)])
    return losses, yhats.numpy(), net


NeuralNet = Handout


def fit(
    train_set: torch.Tensor, train_labels: torch.Tensor, dev_set: torch.Tensor, n_iter: int, batch_size: int = 100
) -> tuple[list[float], np.ndarray, Handout]:
    """Train on n_iter batches; returns the losses, the labels of dev_set and the net."""
    return train(NeuralNet, train_set, train_labels, dev_set, n_iter, batch_size)
