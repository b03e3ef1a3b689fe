"""Accuracy, and accuracy with loss on samples of the training set and on the whole development set."""

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

SAMPLE = 4000  # training images that an estimate takes
BATCH_SIZE = 100  # images at a time: what they become still fits into a processor's cache


def accuracy(y: np.ndarray, y_hat: np.ndarray) -> np.float64:
    """The share of predictions y_hat that equal the truth y, both of shape [N].

    Raises:
        ValueError: two shapes, which numpy might broadcast, or nothing to compare.
    """
    if np.shape(y) != np.shape(y_hat) or np.size(y) == 0:
        raise ValueError(f"expected y and y_hat of one shape, got {list(np.shape(y))} and {list(np.shape(y_hat))}")
    return np.float64(np.mean(np.asarray(y) == np.asarray(y_hat)))


def approx_train_acc_and_loss(
    model: nn.Module, train_data: np.ndarray, train_labels: np.ndarray, rng: np.random.Generator | None = None
) -> tuple[np.float64, float]:
    """Accuracy and mean cross-entropy on 4,000 random training images, or on all where there are fewer.

    Args:
        model: images -> logits [B, n_classes]; evaluated in evaluation mode, and put back into its own.
        train_data: [N, ...], what the model takes.
        train_labels: [N], from 0.
        rng: draws the sample; left out, numpy's global generator does, as in the course's file.
    """
    n = len(train_data)
    choice = np.random.choice if rng is None else rng.choice  # noqa: NPY002
    rows = choice(n, size=min(SAMPLE, n), replace=False)
    return dev_acc_and_loss(model, train_data[rows], train_labels[rows])


@torch.no_grad()
def dev_acc_and_loss(model: nn.Module, dev_data: np.ndarray, dev_labels: np.ndarray) -> tuple[np.float64, float]:
    """Accuracy and mean cross-entropy on all images of a set; arguments as above."""
    labels = np.asarray(dev_labels).astype(np.int64)
    training = model.training
    model.eval()
    try:
        logits = torch.cat(
            [
                model(torch.from_numpy(np.asarray(dev_data[start : start + BATCH_SIZE]).astype(np.float32)))
                for start in range(0, len(labels), BATCH_SIZE)
            ]
        )
    finally:
        model.train(training)
    loss = F.cross_entropy(logits, torch.from_numpy(labels)).item()
    return accuracy(labels, logits.argmax(dim=1).numpy()), loss
