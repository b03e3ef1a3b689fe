"""Batch normalisation (Ioffe and Szegedy, 2015, arXiv:1502.03167) from tensor arithmetic; autograd finds the gradient.

    y = weight * (x - mean) / sqrt(var + eps) + bias, for each channel

In training, mean and var are the batch's own, and the running ones follow them; in evaluation the running ones
are used. var divides by n to normalise, and by n - 1 in running_var, as the paper's inference does.
"""

import torch
from torch import nn


class _BatchNorm(nn.Module):
    """The part that both layers share; axis 1 holds the channels, statistics are taken over all other axes.

    Args:
        num_features: the number of channels C.
        eps: added to the variance, under the root.
        momentum: the weight of the OLD running value, running = momentum * running + (1 - momentum) * batch, as the
            handout has it. torch.nn weights the new one, so 0.9 here is 0.1 there.
    """

    layout: tuple[str, ...]  # names of the axes, for messages; their number is checked
    running_mean: torch.Tensor
    running_var: torch.Tensor

    def __init__(self, num_features: int, eps: float = 1e-5, momentum: float = 0.9) -> None:
        super().__init__()
        self.num_features, self.eps, self.momentum = num_features, eps, momentum
        self.weight = nn.Parameter(torch.empty(num_features))
        self.bias = nn.Parameter(torch.zeros(num_features))
        self.register_buffer("running_mean", torch.zeros(num_features))
        self.register_buffer("running_var", torch.ones(num_features))
        nn.init.uniform_(self.weight)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """[N, C, ...] -> [N, C, ...], of the input's dtype; half precision is computed in float32, as torch.nn does.

        Raises:
            ValueError: another shape, numbers without a fraction, or one value per channel in training,
                whose variance would be 0.
        """
        if x.ndim != len(self.layout) or x.shape[1] != self.num_features or not x.is_floating_point():
            expected = ", ".join(self.layout).replace("C", str(self.num_features))
            raise ValueError(f"expected floating-point x of shape [{expected}], got {x.dtype} {list(x.shape)}")
        dtype, x = x.dtype, x.to(torch.promote_types(x.dtype, torch.float32))  # sums of float16 overflow
        per_channel = (1, -1) + (1,) * (x.ndim - 2)
        if self.training:
            n = x.numel() // self.num_features
            if n < 2:
                raise ValueError(f"expected more than one value per channel in training, got x {list(x.shape)}")
            axes = [0, *range(2, x.ndim)]
            mean = x.mean(axes)
            centred = x - mean.view(per_channel)
            var = (centred * centred).sum(axes) / n
            with torch.no_grad():  # in place: a graph-carrying buffer would keep every step's graph alive
                self.running_mean.mul_(self.momentum).add_(mean, alpha=1 - self.momentum)
                self.running_var.mul_(self.momentum).add_(var, alpha=(1 - self.momentum) * n / (n - 1))
        else:
            centred, var = x - self.running_mean.view(per_channel), self.running_var
        scale = self.weight * torch.rsqrt(var + self.eps)
        return (centred * scale.view(per_channel) + self.bias.view(per_channel)).to(dtype)

    def extra_repr(self) -> str:
        """The text between the brackets of print(model)."""
        return f"{self.num_features}, eps={self.eps}, momentum={self.momentum}"


class BatchNorm1d(_BatchNorm):
    """Of [N, C], after a Linear; statistics over the batch."""

    layout = ("N", "C")


class BatchNorm2d(_BatchNorm):
    """Of [N, C, H, W], after a Conv2d; statistics over batch, rows and columns."""

    layout = ("N", "C", "H", "W")


class Reshape(nn.Module):
    """x as `shape`, for instance (-1, 196) between the last AvgPool2d and the Linear of a CNN."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__()
        self.shape = tuple(shape)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """[N, ...] -> shape, where -1 in front stands for N.

        Raises:
            ValueError: -1 would come out as another number than N, mixing the samples of the batch.
        """
        if self.shape[0] == -1 and x.shape[1:].numel() != torch.Size(self.shape[1:]).numel():
            raise ValueError(f"expected x of shape [N, ...] with N * {list(self.shape[1:])}, got {list(x.shape)}")
        return x.reshape(self.shape)

    def extra_repr(self) -> str:
        """The text between the brackets of print(model)."""
        return str(self.shape)
