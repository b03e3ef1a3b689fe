"""The two things a fit() can be asked for, labels or images: how each is checked, scored, printed and drawn."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray

from smallnets import fitcheck, metrics, parts, tables, train

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SHOWN = 32  # images of a right or wrong gallery


@dataclass(frozen=True)
class Dev:
    """A development set: x float32 [M, 784] as fit gets it, y int64 [M], a name for each class."""

    x: torch.Tensor
    y: NDArray[np.int64]
    names: list[str]


class Labels:
    """Classification (parts 1 and 2); predictions are int64 [M], of which those beyond the classes are no label."""

    metric, label, bound = "accuracy", "accuracy", "at least"
    returns = "losses, yhats, net"

    def inputs(self, x: torch.Tensor, y: torch.Tensor, dev_x: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """What fit is called with, before n_iter."""
        return x, y, dev_x

    def decide(self, output: torch.Tensor) -> torch.Tensor:
        """Predictions from the net's output."""
        return output.argmax(dim=1)

    def check(self, predictions: Any, dev: Dev, notes: list[str]) -> NDArray:
        """Whatever fit returned as an array; what is wrong with it goes to the notes, or is a ValueError."""
        return fitcheck.labels(predictions, len(dev.y), len(dev.names), notes)

    def confusion(self, predictions: NDArray, dev: Dev) -> tuple[NDArray, list[str]]:
        """The confusion matrix and the names of its rows; the last is "none" where a prediction is no label."""
        names = [*dev.names, *["none"] * bool((predictions == len(dev.names)).any())]
        return metrics.confusion_matrix(dev.y, predictions, len(names)), names

    def score(self, predictions: NDArray, dev: Dev) -> dict[str, Any]:
        """Every figure, in plain numbers."""
        confusion, _ = self.confusion(predictions, dev)
        per_class = {"f1": metrics.f1, "precision": metrics.precision, "recall": metrics.recall}
        scores = {key: f(confusion)[: len(dev.names)].tolist() for key, f in per_class.items()}
        return {"accuracy": metrics.accuracy(confusion)} | scores

    def lines(self, scores: dict[str, Any]) -> list[str]:
        """The lines that other tools read."""
        labels = {"F1-Score": "f1", "Precision": "precision", "Recall": "recall"}
        per_class = [f"{label}: {[round(value, 4) for value in scores[key]]}" for label, key in labels.items()]
        return [f"Accuracy: {scores['accuracy']:.4f}", *per_class]

    def details(self, predictions: NDArray, dev: Dev) -> list[str]:
        """Tables for people."""
        confusion, names = self.confusion(predictions, dev)
        return [tables.per_class(confusion, names), tables.confusion(confusion, names)]

    def figures(self, net: Any, predictions: NDArray, dev: Dev) -> "dict[str, Figure]":
        """Pictures by name."""
        from smallnets import plots  # matplotlib takes longer to import than part 1 takes to train

        confusion, names = self.confusion(predictions, dev)
        title = f"development set, accuracy {metrics.accuracy(confusion):.4f}"
        drawn = {"confusion": plots.confusion_matrix(confusion, names, title)}
        drawn["f1"] = plots.bars(metrics.f1(confusion)[: len(dev.names)], dev.names, "F1", "F1 of each class")
        right = predictions == dev.y
        for name, rows in (("right", right), ("wrong", ~right)):
            chosen = np.flatnonzero(rows)[:SHOWN]
            captions = [names[predictions[i]] + ("" if right[i] else f"\n(is {names[dev.y[i]]})") for i in chosen]
            title = f"predicted {name}: {rows.sum()} of {len(rows)}, the first {len(chosen)}"
            drawn[name] = plots.image_grid(dev.x.numpy()[chosen], captions, title)
        return drawn


class Images:
    """Reconstruction through a bottleneck (part 3); predictions are float32 [M, 784]. Methods as in Labels."""

    metric, label, bound = "mse", "MSE", "at most"
    returns = "losses, xhats, net"

    def inputs(self, x: torch.Tensor, y: torch.Tensor, dev_x: torch.Tensor) -> tuple[torch.Tensor, ...]:
        return x, dev_x

    def decide(self, output: torch.Tensor) -> torch.Tensor:
        return output

    def check(self, predictions: Any, dev: Dev, notes: list[str]) -> NDArray:
        return fitcheck.images(predictions, len(dev.y), notes=notes)

    def score(self, predictions: NDArray, dev: Dev) -> dict[str, Any]:
        return {"mse": metrics.mse(dev.x, predictions)}

    def lines(self, scores: dict[str, Any]) -> list[str]:
        return [f"MSE: {scores['mse']:.6f}"]

    def details(self, predictions: NDArray, dev: Dev) -> list[str]:
        return []

    def figures(self, net: Any, predictions: NDArray, dev: Dev) -> "dict[str, Figure]":
        from smallnets import plots

        x, xhat = dev.x.numpy()[:10], predictions[:10]
        errors = metrics.mse_per_row(x, xhat).tolist()
        drawn = {"reconstructions": plots.reconstructions(x, xhat, errors, "originals over reconstructions")}
        if hasattr(net, "encoder"):
            try:
                codes = encode(net, dev.x).numpy()
            except ValueError:
                return drawn
            title = f"the {codes.shape[1]} numbers of the bottleneck, in their principal plane"
            drawn["bottleneck"] = plots.scatter(plots.principal_plane(codes), dev.y, dev.names, title)
        return drawn


Task = Labels | Images


def task_of(part: parts.Part) -> Task:
    """What the fit of a part is asked for."""
    return Labels() if part.n_classes else Images()


def score(task: Task, net: torch.nn.Module, dev: Dev) -> float:
    """The accuracy or MSE of a net on the development set, which it cannot change."""
    predictions = task.check(task.decide(train.predict(net, dev.x.clone())), dev, [])
    return task.score(predictions, dev)[task.metric]


def encode(net: Any, x: torch.Tensor) -> torch.Tensor:
    """What passes an autoencoder's bottleneck for images x [B, 784]: [B, numbers per image].

    Raises:
        ValueError: net.encoder does not turn images [B, 1, 28, 28] into one tensor.
    """
    try:
        return train.predict(net.encoder, x.reshape(-1, 1, 28, 28)).flatten(1)
    except Exception as error:  # someone else's encoder may take or return anything
        reason = f"{type(error).__name__}: {error}".splitlines()[0]
        raise ValueError(f"expected net.encoder to turn [B, 1, 28, 28] into a tensor, got {reason}") from None
