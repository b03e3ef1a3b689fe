"""Pictures of a training and of a model's predictions, in a window or in a file."""

from collections.abc import Sequence
from typing import Any

import matplotlib
import numpy as np
from matplotlib.figure import Figure

from smallnets import plots


def visualize_metrics(
    losses: Sequence[float] = (),
    accuracies: Sequence[float] = (),
    save_filepath: str | None = None,
    unit: str = "batch",
    val_losses: Sequence[float] = (),
    val_accuracies: Sequence[float] = (),
) -> None:
    """Draw losses and accuracies side by side.

    Args:
        losses, accuracies: of training, a value for each batch or, if `unit` is "epoch", for each epoch.
        val_losses, val_accuracies: of images that are not trained on, a value at the end of each epoch.
    """
    figure = _new_figure((10, 4))
    pairs = (("loss", losses, val_losses), ("accuracy", accuracies, val_accuracies))
    for axes, (name, values, validation) in zip(figure.subplots(1, 2), pairs, strict=True):
        axes.plot(np.arange(1, len(values) + 1), values, linewidth=0.5 if len(values) > 500 else 1.5, label="training")
        if len(validation):
            # each epoch has as many batches as the others
            ends = np.arange(1, len(validation) + 1) * len(values) / len(validation)
            axes.plot(ends, validation, marker=".", color="black", label="other images, after each epoch")
            axes.legend()
        axes.set(xlabel=unit, ylabel=name)
        axes.grid(alpha=0.3)
    _finish(figure, save_filepath)


def visualize_images(
    model: Any,
    train_inputs: np.ndarray,
    train_labels_ohe: np.ndarray,
    num_searching: int = 500,
    save_filepath: str | None = None,
    seed: int = 0,
) -> None:
    """Draw 10 images the model gets right and 10 it gets wrong, or as many as there are.

    Args:
        model: anything with call(inputs) -> [N, n] scores.
        train_inputs: [N, 784] in [0, 1].
        train_labels_ohe: one-hot labels [N, n].
        num_searching: how many images to look through, drawn without replacement.
        seed: of that draw.
    """
    n = min(num_searching, len(train_inputs))
    rows = np.random.default_rng(seed).permutation(len(train_inputs))[:n]
    guesses = np.asarray(model.call(train_inputs[rows])).argmax(axis=1)
    truths = np.asarray(train_labels_ohe)[rows].argmax(axis=1)
    right, wrong = (np.flatnonzero(found)[:10] for found in (guesses == truths, guesses != truths))
    captions = [f"{guesses[i]}" for i in right] + [f"{guesses[i]} (is {truths[i]})" for i in wrong]
    title = f"{len(right)} right, then {len(wrong)} wrong of {(guesses != truths).sum()} among {n}"
    figure = _new_figure((12.5, 3.8))
    plots.image_grid(train_inputs[rows[np.concatenate([right, wrong])]], captions, title, 10, figure)
    _finish(figure, save_filepath)


def _new_figure(size: tuple[float, float]) -> Figure:
    from matplotlib import pyplot  # chooses a window system, which importing a lab should not

    return pyplot.figure(figsize=size, layout="constrained")


def _finish(figure: Figure, save_filepath: str | None) -> None:
    """Write the figure, or show it where there is a screen."""
    from matplotlib import pyplot

    if save_filepath is not None:
        plots.save(figure, save_filepath)
    elif matplotlib.get_backend().lower() != "agg":
        pyplot.show()
    pyplot.close(figure)
