"""Callable and Diffable, the base classes of layers and losses, and the tape that computes gradients."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np

__all__ = ["Callable", "Diffable", "GradientTape"]


class Callable(ABC):
    """Something with a forward function."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.forward(*args, **kwargs)

    @abstractmethod
    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """The output for these inputs."""


class Diffable(Callable):
    """A Callable with derivatives, which an active tape records.

    J is always the gradient of each sample's own loss with respect to this layer's output, [B, ...]:
    what belongs to a sample stays in its row, and only gradients of weights are averaged over the batch.
    A layer with weights lists in `weights` the arrays that training changes in place; `training` says
    whether it is being fitted.
    """

    gradient_tape: GradientTape | None = None
    weights: Sequence[np.ndarray] = ()

    def __init__(self) -> None:
        self.trainable = True
        self.training = False

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if Diffable.gradient_tape is not None:
            Diffable.gradient_tape.operations.append(self)
        return super().__call__(*args, **kwargs)

    @abstractmethod
    def input_gradients(self) -> np.ndarray:
        """d output / d input: [in, out] shared by all samples, or [B, in, out]."""

    def weight_gradients(self) -> tuple[np.ndarray, ...]:
        """d output / d weight for each weight, [B, ...] per sample or shared, in a shape that J[b] broadcasts with."""
        return ()

    def compose_to_input(self, J: np.ndarray) -> np.ndarray:
        """The chain rule to the input: for each sample b, input_gradients @ J[b].

        Args:
            J: [B, out].

        Returns:
            [B, in].
        """
        gradients = self.input_gradients()
        if gradients.ndim == 2:
            return J @ gradients.T
        return np.matmul(gradients, J[..., None])[..., 0]

    def compose_to_weight(self, J: np.ndarray) -> list[np.ndarray]:
        """The chain rule to the weights: for each weight, the mean over b of weight_gradients[b] * J[b].

        Args:
            J: [B, out].

        Returns:
            A gradient for each of `weights`, in its shape.
        """
        composed = []
        for weight, gradients in zip(self.weights, self.weight_gradients(), strict=True):
            if gradients.ndim < 3:  # shared by all samples, so the mean moves past it, here as a faster product
                mean = gradients * (np.full(len(J), 1 / len(J), J.dtype) @ J)
            elif gradients.shape[2] == 1:  # [B, in, 1]: a sum of outer products is one product of matrices
                mean = gradients[:, :, 0].T @ (J / len(J))
            else:
                mean = np.einsum("bio,bo->io", gradients, J) / len(J)
            composed.append(mean.reshape(weight.shape))
        return composed


class GradientTape:
    """Records the Diffables called in its `with` block; `gradient` works in the block and after it."""

    def __init__(self) -> None:
        self.operations: list[Diffable] = []

    def __enter__(self) -> GradientTape:
        if Diffable.gradient_tape is not None and Diffable.gradient_tape is not self:
            raise RuntimeError("expected no other tape to be recording, got a GradientTape inside another one")
        Diffable.gradient_tape = self
        return self

    def __exit__(self, *exception: object) -> None:
        Diffable.gradient_tape = None

    def gradient(self) -> list[np.ndarray]:
        """The gradients of the last recorded operation, the loss, with respect to every trainable weight.

        Returns:
            [dL/dw1, dL/db1, dL/dw2, ...] in the order of the calls, each in the shape of its weight.

        Raises:
            ValueError: nothing was recorded, or a layer was called twice, so that what it
                remembers of its first call is gone.
        """
        if not self.operations:
            raise ValueError(
                "expected recorded operations, got none: call layers and loss inside `with GradientTape()`"
            )
        if len({id(operation) for operation in self.operations}) < len(self.operations):
            raise ValueError("expected each layer once on a tape, got one that was called twice")
        *layers, loss = self.operations
        first = next((k for k, layer in enumerate(layers) if layer.trainable and layer.weights), len(layers))
        J = loss.input_gradients()
        gradients: list[np.ndarray] = []
        for k in range(len(layers) - 1, first - 1, -1):
            if layers[k].trainable and layers[k].weights:
                gradients = layers[k].compose_to_weight(J) + gradients
            if k > first:  # the gradient of the data is not needed
                J = layers[k].compose_to_input(J)
        return gradients
