"""Inside the sandbox: train a model with the student's Beras, and predict images whose labels are not here.

labs.beras.grading.inside.train simple [--own-softmax]    the course's model, without get_simple_model_components
labs.beras.grading.inside.train advanced                  the model of get_advanced_model_components
"""

import contextlib
import os
import random
import sys
from types import SimpleNamespace
from typing import Any

import numpy as np

from autograder.runner import channel, student_module
from labs.beras.grading.inside.example_layers import Accuracy
from labs.beras.grading.inside.parts import Parts, load, tried
from labs.beras.grading.inside.softmax import softmax
from labs.beras.grading.inside.wrong import only_wrong
from labs.beras.grading.layout import CLASSES, layout
from smallnets.student import student_code

EPOCH = 60_000  # images in an epoch of MNIST; a smaller set is repeated up to this number
BATCH = 100


def simple(beras: Parts, own_softmax: bool) -> SimpleNamespace:
    """The simple model of the course's stencil. Its accuracy while it trains is not used."""
    activation = beras.activations.Softmax() if own_softmax else softmax(beras.Diffable)
    model = beras.assignment.SequentialModel([beras.layers.Dense(784, CLASSES, initializer="kaiming"), activation])
    model.compile(
        optimizer=beras.optimizers.BasicOptimizer(0.02), loss_fn=beras.losses.MeanSquaredError(), acc_fn=Accuracy()
    )
    return SimpleNamespace(model=model, epochs=10, batch_size=BATCH)


def advanced(beras: Parts) -> Any:
    """The student's model; ValueError if it has fewer than two layers with weights."""
    found = beras.assignment.get_advanced_model_components()
    for name in ("model", "epochs", "batch_size"):
        if not hasattr(found, name):
            raise ValueError(f"expected get_advanced_model_components() to return model, epochs and batch_size, "
                             f"got no {name}")  # fmt: skip
    layers = sum(1 for layer in found.model.layers if len(getattr(layer, "weights", ())))
    if layers < 2:
        raise ValueError(f"expected an advanced model of two or more layers with weights, got {layers}")
    return found


def trained(beras: Parts, arrays: dict[str, np.ndarray]) -> Any:
    """The chosen model, trained by its own fit; its output is dropped."""
    found = simple(beras, "--own-softmax" in sys.argv) if sys.argv[1] == "simple" else advanced(beras)
    images, labels = arrays.pop("images"), np.eye(CLASSES)[arrays.pop("labels")]
    times = max(1, EPOCH // len(images))
    x = np.tile(images, (times, 1)).astype(np.float32)
    x /= 255
    del images
    found.model.fit(x, np.tile(labels, (times, 1)), epochs=found.epochs, batch_size=found.batch_size)
    return found.model


def predictions(model: Any, images: np.ndarray) -> np.ndarray:
    """The most probable class of each image [N]; ValueError unless call returns numbers [B, 10]."""
    found = []
    with tried():  # tells layers that the training is over
        model.batch_step(images[:2].astype(np.float32) / 255, np.eye(CLASSES)[:2], training=False)
    for start in range(0, len(images), BATCH):
        x = images[start : start + BATCH].astype(np.float32) / 255
        outputs = np.asarray(model.call(x), dtype=np.float64)
        if outputs.shape != (len(x), CLASSES):
            raise ValueError(
                f"expected call to turn {list(x.shape)} into {[len(x), CLASSES]}, got {list(outputs.shape)}"
            )
        found.append(outputs.argmax(axis=1))
    return np.concatenate(found)


def main() -> None:
    """Train, predict, return the predictions."""
    arrays = channel.read_arrays()
    unlabelled, seed = arrays.pop("unlabelled"), int(arrays.pop("seed"))
    problems: dict[str, str] = {}
    values: dict[str, np.ndarray] = {}
    folder = str(student_module.SUBMISSION.absolute())
    sys.path.insert(0, folder)
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002, as students draw from it
    with (
        student_module.noted(problems, "training"),
        student_code(folder),
        open(os.devnull, "w") as nowhere,
        contextlib.redirect_stdout(nowhere),
    ):
        beras = load()
        problems["wrong"] = only_wrong(beras, seed, sys.argv[1] == "advanced" or "--own-softmax" in sys.argv)
        np.random.seed(seed)  # noqa: NPY002, as students draw from it
        values["predictions"] = predictions(trained(beras, arrays), unlabelled)
    channel.hand_back(layout(len(unlabelled)), values, problems)


if __name__ == "__main__":
    main()
