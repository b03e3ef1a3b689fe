"""Scores of predictions: confusion matrix, accuracy, precision, recall, F1 and mean squared error.

A ratio whose denominator is zero is 0, never nan: the precision of a class that was never
predicted, the recall of a class that is not in the set (scikit-learn's zero_division=0).
"""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray


def confusion_matrix(y: ArrayLike, yhat: ArrayLike, n_classes: int) -> NDArray[np.int64]:
    """Count how often class i was taken for class j.

    Args:
        y: [N] true labels, integers in 0..n_classes-1.
        yhat: [N] predicted labels, likewise.
        n_classes: K.

    Returns:
        int64 [K, K]; rows are the truth, columns the prediction.

    Raises:
        ValueError: unequal lengths, or labels that are not integers in range.
    """
    truth, predicted = np.asarray(y), np.asarray(yhat)
    if truth.ndim != 1 or truth.shape != predicted.shape:
        raise ValueError(f"expected y and yhat of one shape [N], got {list(truth.shape)} and {list(predicted.shape)}")
    for name, labels in (("y", truth), ("yhat", predicted)):
        if labels.size and not np.issubdtype(labels.dtype, np.integer):
            raise ValueError(f"expected integers in {name}, got {labels.dtype}")
        if labels.size and not 0 <= labels.min() <= labels.max() < n_classes:
            raise ValueError(f"expected {name} in 0..{n_classes - 1}, got {labels.min()}..{labels.max()}")
    cells = truth.astype(np.int64) * n_classes + predicted.astype(np.int64)
    return np.bincount(cells, minlength=n_classes * n_classes).reshape(n_classes, n_classes)


def _ratio(part: NDArray, whole: NDArray) -> NDArray[np.float64]:
    return np.divide(part, whole, out=np.zeros(np.shape(part)), where=whole != 0)


def accuracy(confusion: NDArray) -> float:
    """The fraction of right predictions; 0 for an empty set."""
    return float(_ratio(np.trace(confusion), confusion.sum()))


def precision(confusion: NDArray) -> NDArray[np.float64]:
    """[K]: of the images taken for class k, the fraction that are k."""
    return _ratio(np.diag(confusion), confusion.sum(axis=0))


def recall(confusion: NDArray) -> NDArray[np.float64]:
    """[K]: of the images of class k, the fraction taken for k."""
    return _ratio(np.diag(confusion), confusion.sum(axis=1))


def f1(confusion: NDArray) -> NDArray[np.float64]:
    """[K]: the harmonic mean of precision and recall, 2 TP / (2 TP + FP + FN)."""
    return _ratio(2 * np.diag(confusion), confusion.sum(axis=0) + confusion.sum(axis=1))


def mse(x: ArrayLike, xhat: ArrayLike) -> float:
    """The mean of (x - xhat)^2 over all values, summed in float64.

    Raises:
        ValueError: unequal shapes, or nothing to average.
    """
    return float(mse_per_row(x, xhat).mean())


def mse_per_row(x: ArrayLike, xhat: ArrayLike) -> NDArray[np.float64]:
    """[N]: the mean of (x - xhat)^2 over each row of two arrays of one shape [N, ...]."""
    truth, predicted = np.asarray(x, np.float64), np.asarray(xhat, np.float64)
    if truth.shape != predicted.shape or truth.size == 0:
        shapes = f"{list(truth.shape)} and {list(predicted.shape)}"
        raise ValueError(f"expected two arrays of one shape, not empty, got {shapes}")
    return np.square(truth - predicted).reshape(len(truth), -1).mean(axis=1)


def least_cross_entropy(label_smoothing: float, n_classes: int) -> float:
    """The loss of the best possible outputs, which is the entropy of the smoothed labels; 0 without smoothing.

    Of a label's probability 1, `label_smoothing` is spread over all classes in equal shares, as torch does it.
    """
    share = label_smoothing / n_classes
    probabilities = [1 - label_smoothing + share, *[share] * (n_classes - 1)]
    return sum(-p * math.log(p) for p in probabilities if p > 0)
