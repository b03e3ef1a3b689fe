import numpy as np

from .core import Diffable


class Dense(Diffable):
    def __init__(self, input_size, output_size, initializer="kaiming"):
        super().__init__()
        self.w, self.b = self.__class__._initialize_weight(initializer, input_size, output_size)

    @property
    def weights(self):
        return self.w, self.b

    def forward(self, inputs):
        self.inputs = inputs
        self.outputs = np.dot(inputs, self.w) + self.b
        return self.outputs

    def weight_gradients(self):
        wgrads = np.zeros((self.inputs.shape[0], *self.w.shape))
        for b in range(self.inputs.shape[0]):
            wgrads[b] = np.stack([self.inputs[b]] * self.w.shape[1], axis=1)
        return wgrads, np.ones(self.b.shape)

    def input_gradients(self):
        return self.w

    @staticmethod
    def _initialize_weight(initializer, input_size, output_size):
        initializer = initializer.lower()
        assert initializer in ("zero", "normal", "xavier", "kaiming"), f"unknown initializer {initializer}"
        b = np.zeros((output_size,))
        if initializer == "zero":
            return np.zeros((input_size, output_size)), b
        std = 1.0
        if initializer == "xavier":
            std = np.sqrt(2.0 / (input_size + output_size))
        if initializer == "kaiming":
            std = np.sqrt(2.0 / input_size)
        # as Keras: what is beyond two standard deviations is drawn again
        w = np.random.normal(0, std, size=(input_size, output_size))  # noqa: NPY002
        while np.any(np.abs(w) > 2 * std):
            again = np.random.normal(0, std, size=w.shape)  # noqa: NPY002
            w = np.where(np.abs(w) > 2 * std, again, w)
        return w, b
