"""As the course gives it, but for gradient."""

from abc import ABC, abstractmethod

import numpy as np


class Callable(ABC):
    def __call__(self, *args, **kwargs):
        return self.forward(*args, **kwargs)

    @abstractmethod
    def forward(self, *args, **kwargs):
        pass


class Diffable(Callable):
    gradient_tape = None

    def __init__(self):
        super().__init__()
        self.trainable = True

    def __call__(self, *args, **kwargs):
        if Diffable.gradient_tape is not None:
            Diffable.gradient_tape.operations += [self]
        return super().__call__(*args, **kwargs)

    @abstractmethod
    def input_gradients(self):
        pass

    def weight_gradients(self):
        return ()

    def compose_to_input(self, J):
        ig = self.input_gradients()
        n_in = ig.shape[-2]
        J_out = np.zeros((J.shape[0], n_in), dtype=ig.dtype)
        for b in range(J.shape[0]):
            ig_b = ig[b] if len(ig.shape) == 3 else ig
            J_out[b] = ig_b @ J[b]
        return J_out

    def compose_to_weight(self, J):
        assert hasattr(self, "weights"), f"{self} has no weights"
        J_out = []
        for wg in self.weight_gradients():
            total = []
            for b in range(J.shape[0]):
                wg_b = wg[b] if len(wg.shape) == 3 else wg
                total.append(wg_b * J[b])
            J_out.append(np.mean(np.array(total), axis=0))
        return J_out


class GradientTape:
    def __init__(self):
        self.operations = []

    def __enter__(self):
        Diffable.gradient_tape = self  # type: ignore[assignment]
        return self

    def __exit__(self, *args):
        Diffable.gradient_tape = None

    def gradient(self):
        grads: list = []
        J = self.operations.pop().input_gradients()
        while self.operations:
            op = self.operations.pop()
            if op.trainable and hasattr(op, "weights"):
                grads = list(op.compose_to_weight(J)) + grads
            J = op.compose_to_input(J)
        return grads
