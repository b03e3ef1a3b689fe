"""The handout's part of Beras/core.py, written by its definition, for checks of other parts if the student's fails."""

from abc import ABC, abstractmethod
from typing import Any

import numpy as np


class Callable(ABC):
    """Something with a forward function."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.forward(*args, **kwargs)

    @abstractmethod
    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """The output for these inputs."""


class Diffable(Callable):
    """A Callable with derivatives, which an active tape records."""

    gradient_tape: Any = None
    weights: Any = ()

    def __init__(self) -> None:
        self.trainable = True
        self.training = False

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if Diffable.gradient_tape is not None:
            Diffable.gradient_tape.operations.append(self)
        return super().__call__(*args, **kwargs)

    @abstractmethod
    def input_gradients(self) -> Any:
        """d output / d input: [in, out] shared by all samples, or [B, in, out]."""

    def weight_gradients(self) -> Any:
        """d output / d weight for each weight, per sample in three dimensions or shared."""
        return ()

    def compose_to_input(self, J: np.ndarray) -> np.ndarray:
        """[B, out] -> [B, in]: for each sample b, input_gradients @ J[b]."""
        gradients = self.input_gradients()
        return np.stack([(gradients[b] if np.ndim(gradients) == 3 else gradients) @ J[b] for b in range(len(J))])

    def compose_to_weight(self, J: np.ndarray) -> list[np.ndarray]:
        """[B, out] -> for each weight, the mean over b of weight_gradients[b] * J[b]."""
        return [
            np.mean([(gradient[b] if np.ndim(gradient) == 3 else gradient) * J[b] for b in range(len(J))], axis=0)
            for gradient in self.weight_gradients()
        ]


class GradientTape:
    """Records the Diffables called in its `with` block."""

    def __init__(self) -> None:
        self.operations: list[Any] = []

    def __enter__(self) -> "GradientTape":
        if Diffable.gradient_tape is not None and Diffable.gradient_tape is not self:
            raise RuntimeError("expected no other tape to be recording, got a GradientTape inside another one")
        Diffable.gradient_tape = self
        return self

    def __exit__(self, *exception: object) -> None:
        Diffable.gradient_tape = None

    def gradient(self) -> list[np.ndarray]:
        """For students to write."""
        raise NotImplementedError
