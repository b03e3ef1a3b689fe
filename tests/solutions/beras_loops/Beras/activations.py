import numpy as np

from .core import Diffable


class LeakyReLU(Diffable):
    def __init__(self, alpha=0.3):
        super().__init__()
        self.alpha = alpha

    def forward(self, x):
        self.inputs = x
        self.outputs = np.maximum(x, 0) + self.alpha * np.minimum(x, 0)
        return self.outputs

    def input_gradients(self):
        grad = np.ones_like(self.inputs)
        grad[self.inputs < 0] = self.alpha
        return grad

    def compose_to_input(self, J):
        return self.input_gradients() * J


class ReLU(LeakyReLU):
    def __init__(self):
        super().__init__(alpha=0)


class Softmax(Diffable):
    def forward(self, x):
        self.inputs = x
        exps = np.exp(x - np.max(x, axis=-1, keepdims=True))
        self.outputs = exps / np.sum(exps, axis=-1, keepdims=True)
        return self.outputs

    def input_gradients(self):
        x, y = self.inputs, self.outputs
        bn, n = x.shape
        grad = np.zeros((bn, n, n), dtype=x.dtype)
        for b in range(bn):
            for i in range(n):
                for j in range(n):
                    grad[b, i, j] = y[b, i] * ((1 if i == j else 0) - y[b, j])
        return grad
