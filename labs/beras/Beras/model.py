"""The model: layers put together, compiled, fitted and evaluated."""

from abc import ABC, abstractmethod
from collections import defaultdict
from typing import Any

import numpy as np

from .core import Callable, Diffable

__all__ = ["History", "Model", "print_stats", "update_metric_dict"]


class History(defaultdict):
    """The result of fit: {"loss": [one per epoch], "acc": [...]}, with "val_loss" and "val_acc" when it validates.

    As in Keras, `history` is the dict (this one) and `epoch` the list of epoch numbers. `batches` has a value for each
    batch of the training, {"loss": [...], "acc": [...]}, for the curves of the handout's part 11.
    """

    def __init__(self) -> None:
        super().__init__(list)
        self.batches: dict[str, list] = defaultdict(list)

    @property
    def history(self) -> "History":
        """The dict itself."""
        return self

    @property
    def epoch(self) -> list[int]:
        """[0, 1, ...], one for each epoch."""
        return list(range(len(self["loss"])))


def print_stats(
    stat_dict: dict, b: int | None = None, b_num: int | None = None, e: int | None = None, avg: bool = False
) -> None:
    """Print the metrics of a batch or an epoch in one line.

    Args:
        stat_dict: {name: list of values} or {name: value}; a list shows its last value, or its mean with `avg`.
        b, b_num: the batch and how many there are.
        e: the epoch.
    """
    where = [] if e is None else [f"epoch {e}"]
    where += [] if b is None else [f"batch {b}/{b_num}"]
    values = {name: np.atleast_1d(value) for name, value in stat_dict.items()}
    shown = [f"{name}: {float(v.mean() if avg else v[-1]):.4f}" for name, v in values.items()]
    print(" ".join([*where, *shown]))


def update_metric_dict(super_dict: dict[str, list], sub_dict: dict[str, Any]) -> None:
    """Append the means of sub_dict's values to the lists of super_dict."""
    for name, value in sub_dict.items():
        super_dict[name].append(float(np.mean(value)))


class Model(ABC):
    """Layers with an optimizer, a loss and an accuracy."""

    def __init__(self, layers: list[Diffable]) -> None:
        assert all(isinstance(layer, Diffable) for layer in layers), "expected every layer to be Diffable"
        self.layers = layers
        self.trainable_variables = [w for layer in layers if layer.trainable for w in layer.weights]

    def compile(self, optimizer: Any, loss_fn: Diffable, acc_fn: Callable) -> None:
        """Set what fit and evaluate use."""
        self.optimizer, self.compiled_loss, self.compiled_acc = optimizer, loss_fn, acc_fn

    def fit(
        self,
        x: np.ndarray,
        y: np.ndarray,
        epochs: int,
        batch_size: int,
        shuffle: bool | int | None = None,
        validation_data: tuple[np.ndarray, np.ndarray] | None = None,
        verbose: bool = True,
    ) -> History:
        """Train for some epochs; a last batch that is not full is dropped.

        Args:
            x, y: inputs [N, ...] and one-hot labels [N, n].
            shuffle: True or a seed draws a new order for each epoch, True from numpy's global generator; False and
                None keep the order of x.
            validation_data: (x, y) to evaluate after each epoch.
            verbose: print a line for each epoch.

        Raises:
            ValueError: not compiled, unequal lengths, or fewer samples than a batch.
        """
        self._check(x, y, batch_size)
        history, rng = History(), None
        if shuffle is not None and shuffle is not False:  # 0 is a seed
            rng = np.random.default_rng(np.random.randint(2**32) if shuffle is True else shuffle)  # noqa: NPY002
        for epoch in range(epochs):
            order = None if rng is None else rng.permutation(len(x))
            batches: dict[str, list] = defaultdict(list)
            for start in range(0, len(x) - batch_size + 1, batch_size):
                rows = slice(start, start + batch_size) if order is None else order[start : start + batch_size]
                update_metric_dict(batches, self.batch_step(x[rows], y[rows], training=True))
            update_metric_dict(history, batches)
            for name, values in batches.items():
                history.batches[name] += values
            if validation_data is not None:
                found = self.evaluate(*validation_data, batch_size=min(batch_size, len(validation_data[0])))
                update_metric_dict(history, {f"val_{name}": value for name, value in found.items()})
            if verbose:
                print_stats(history, e=epoch)
        return history

    def evaluate(self, x: np.ndarray, y: np.ndarray, batch_size: int) -> dict[str, list[float]]:
        """{"loss": [mean], "acc": [mean]} over ALL samples, those of the last batch included; nothing is trained."""
        self._check(x, y, 1)
        total: dict[str, float] = defaultdict(float)
        for start in range(0, len(x), batch_size):
            rows = slice(start, start + batch_size)
            for name, value in self.batch_step(x[rows], y[rows], training=False).items():
                total[name] += float(value) * len(x[rows])
        return defaultdict(list, {name: [value / len(x)] for name, value in total.items()})

    def _check(self, x: np.ndarray, y: np.ndarray, batch_size: int) -> None:
        if not hasattr(self, "optimizer"):
            raise ValueError("expected a compiled model, got one without optimizer and loss: call compile first")
        if len(x) != len(y):
            raise ValueError(f"expected as many labels as inputs ({len(x)}), got {len(y)}")
        if not 1 <= batch_size <= len(x):
            raise ValueError(f"expected a batch_size of 1 to {len(x)}, the number of samples, got {batch_size}")
        if not np.issubdtype(np.asarray(x).dtype, np.floating):
            raise ValueError(f"expected inputs of a float type (pixels divided by 255, say), got {np.asarray(x).dtype}")
        if not np.isfinite(x).all():
            raise ValueError("expected finite inputs, got nan or inf")

    @abstractmethod
    def call(self, inputs: np.ndarray) -> np.ndarray:
        """Predictions for inputs."""

    @abstractmethod
    def batch_step(self, x: np.ndarray, y: np.ndarray, training: bool = True) -> dict[str, Any]:
        """{"loss": ..., "acc": ...} of one batch, after an update if training."""
