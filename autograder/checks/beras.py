"""Checks on Beras: each takes the package with its modules imported (Beras.layers, Beras.losses, ...)."""

import warnings
from types import ModuleType
from typing import Any

import numpy as np

from autograder.checks.numbers import away_from_zero, equal, right_gradient, untouched


def by_definition(layer: Any, J: np.ndarray) -> list[np.ndarray]:
    """[compose_to_input, *compose_to_weight] of the last call as the handout defines them, sample by sample."""
    inputs = layer.input_gradients()
    composed = [np.stack([(inputs[b] if inputs.ndim == 3 else inputs) @ J[b] for b in range(len(J))])]
    for gradient in layer.weight_gradients():
        per_sample = [(gradient[b] if gradient.ndim == 3 else gradient) * J[b] for b in range(len(J))]
        composed.append(np.mean(per_sample, axis=0))
    return composed


def dense64(beras: ModuleType, n_in: int, n_out: int, rng: np.random.Generator) -> Any:
    """A Dense layer with random weights in float64, as gradient checks need it."""
    layer = beras.layers.Dense(n_in, n_out)
    layer.w, layer.b = rng.normal(size=(n_in, n_out)), rng.normal(size=n_out)
    layer.weights = [layer.w, layer.b]
    return layer


def check_dense_start(beras: ModuleType, rng: np.random.Generator) -> None:
    """Every initializer: float arrays, bias zero, the standard deviation of Keras; others are refused."""
    stds = {
        "zero": 0,
        "normal": 1,
        "xavier": np.sqrt(2 / 500),
        "kaiming": np.sqrt(2 / 300),
        "KAIMING": np.sqrt(2 / 300),
    }
    for name, std in stds.items():
        layer = beras.layers.Dense(300, 200, initializer=name)
        assert layer.w.shape == (300, 200), f"Dense.w: expected shape [300, 200], got {list(layer.w.shape)}"
        equal(layer.b, np.zeros(200), f"Dense.b with initializer {name}")
        assert abs(layer.w.std() - std) <= 0.03 * std, f"{name}: expected a std near {std:.4f}, got {layer.w.std():.4f}"
        assert layer.weights[0] is layer.w and layer.weights[1] is layer.b, "expected weights to be [w, b] themselves"
    try:
        beras.layers.Dense(3, 2, initializer="random")
    except AssertionError:
        return
    raise AssertionError("expected an AssertionError for an unknown initializer, got a layer")


def check_dense(beras: ModuleType, rng: np.random.Generator) -> None:
    """A worked example, and the shapes and values of its derivatives."""
    layer = beras.layers.Dense(3, 2)
    layer.w[...], layer.b[...] = [[1, 2], [3, 4], [5, 6]], [0.5, -0.5]
    x = np.array([[1.0, 0, -1], [2, 1, 0]])
    with untouched(x):
        equal(layer(x), [[-3.5, -4.5], [5.5, 7.5]], "Dense.forward")
    equal(layer.input_gradients(), layer.w, "Dense.input_gradients")
    dw, db = layer.weight_gradients()
    equal(np.broadcast_to(dw, (2, 3, 2)), np.stack([x, x], axis=2), "Dense.weight_gradients of w, broadcast")
    equal(db, [1, 1], "Dense.weight_gradients of b")


def check_dense_gradients(beras: ModuleType, rng: np.random.Generator) -> None:
    """compose_to_input and compose_to_weight are the numeric gradients and those of the definition."""
    rng = np.random.default_rng(0)
    for n_samples, n_in, n_out in ((1, 1, 1), (4, 3, 2), (3, 2, 5)):
        layer = dense64(beras, n_in, n_out, rng)
        x, J = rng.normal(size=(n_samples, n_in)), rng.normal(size=(n_samples, n_out))
        layer(x)
        to_input, (dw, db) = layer.compose_to_input(J), layer.compose_to_weight(J)
        for found, expected in zip((to_input, dw, db), by_definition(layer, J), strict=True):
            equal(found, expected, "Dense against the definition", tolerance=1e-12)

        def loss(layer: Any = layer, x: np.ndarray = x, J: np.ndarray = J) -> float:
            return float((layer.forward(x) * J).sum())

        right_gradient(to_input, loss, x, "Dense.compose_to_input")
        right_gradient(n_samples * dw, loss, layer.w, "Dense.compose_to_weight of w, times the batch size")
        right_gradient(n_samples * db, loss, layer.b, "Dense.compose_to_weight of b, times the batch size")


def check_dense_remembers_the_last_input(beras: ModuleType, rng: np.random.Generator) -> None:
    """Gradients belong to the last call."""
    layer = beras.layers.Dense(3, 2)
    layer(np.ones((4, 3)))
    layer(2 * np.ones((2, 3)))
    equal(layer.compose_to_weight(np.ones((2, 2)))[0], 2 * np.ones((3, 2)), "Dense's gradient of w")


def check_activations(beras: ModuleType, rng: np.random.Generator) -> None:
    """LeakyReLU and ReLU: values, derivatives away from 0, inputs and outputs left alone."""
    rng = np.random.default_rng(1)
    for layer, alpha in ((beras.activations.LeakyReLU(), 0.3), (beras.activations.LeakyReLU(0.1), 0.1)):
        x = np.array([[-2.0, 3], [0.5, -1]])
        with untouched(x):
            outputs = layer(x)
        with untouched(outputs):
            equal(outputs, np.where(x > 0, x, alpha * x), "LeakyReLU.forward")
            equal(layer.input_gradients(), np.where(x > 0, 1, alpha), "LeakyReLU.input_gradients")
    for layer in (beras.activations.LeakyReLU(0.2), beras.activations.ReLU()):
        x, J = away_from_zero(rng, 4, 5), rng.normal(size=(4, 5))
        with untouched(x):
            layer(x)
        found = layer.compose_to_input(J)
        right_gradient(found, lambda: float((layer.forward(x) * J).sum()), x, type(layer).__name__)  # noqa: B023


def check_softmax(beras: ModuleType, rng: np.random.Generator) -> None:
    """Softmax: rows of sum 1, the Jacobian diag(p) - p p^T, no overflow."""
    rng = np.random.default_rng(2)
    layer, x, J = beras.activations.Softmax(), rng.normal(size=(3, 4)), rng.normal(size=(3, 4))
    with untouched(x):
        p = layer(x)
    equal(p, np.exp(x) / np.exp(x).sum(axis=1, keepdims=True), "Softmax.forward")
    equal(layer.input_gradients(), [np.diag(row) - np.outer(row, row) for row in p], "Softmax.input_gradients")
    found = layer.compose_to_input(J)
    equal(found, by_definition(layer, J)[0], "Softmax against the definition", tolerance=1e-12)
    right_gradient(found, lambda: float((layer.forward(x) * J).sum()), x, "Softmax")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        equal(layer(np.array([[1000.0, 0], [-1000, -1000]])), [[1, 0], [0.5, 0.5]], "Softmax of 1000")


def check_mean_squared_error(beras: ModuleType, rng: np.random.Generator) -> None:
    """The mean over all elements; the gradient 2 (p - t), the number of outputs times each sample's true one."""
    loss, rng = beras.losses.MeanSquaredError(), np.random.default_rng(3)
    p, t = rng.normal(size=(4, 3)), rng.normal(size=(4, 3))
    with untouched(p, t):
        equal(loss(p, t), ((p - t) ** 2).mean(), "MeanSquaredError.forward")
        found = loss.input_gradients()
    equal(found, 2 * (p - t), "MeanSquaredError.input_gradients")
    # the loss averages over the batch, the gradients are each sample's own
    right_gradient(found / 3 / 4, lambda: float(loss.forward(p, t)), p, "MeanSquaredError divided by classes and batch")


def check_categorical_crossentropy(beras: ModuleType, rng: np.random.Generator) -> None:
    """The notebook's numbers at eps 1e-8, and the numeric gradient between the clips."""
    loss, rng = beras.losses.CategoricalCrossentropy(), np.random.default_rng(4)
    t = np.eye(3)
    equal(loss(1 - t, t), 18.420680743952367, "CategoricalCrossentropy, all wrong")
    equal(loss(t, t), 1.00000001e-8, "CategoricalCrossentropy, perfect", tolerance=1e-12)
    half = np.full((3, 3), 0.5)
    equal(loss(half, t), np.log(2), "CategoricalCrossentropy at 0.5")
    equal(np.diag(loss.input_gradients()), [-2 / 3] * 3, "CategoricalCrossentropy's gradient at 0.5")
    p = rng.uniform(0.1, 0.9, (3, 3))
    loss(p, t)
    right_gradient(loss.input_gradients() / 3, lambda: float(loss.forward(p, t)), p, "CategoricalCrossentropy")


def check_tape(beras: ModuleType, rng: np.random.Generator) -> None:
    """gradient() inside and after the block, in order of the calls, without frozen layers, each the numeric one."""
    rng = np.random.default_rng(5)
    first, last = dense64(beras, 4, 3, rng), dense64(beras, 3, 2, rng)
    middle, softmax = beras.activations.LeakyReLU(), beras.activations.Softmax()
    loss, x, t = beras.losses.CategoricalCrossentropy(), rng.normal(size=(5, 4)), np.eye(2)[rng.integers(0, 2, 5)]
    with beras.GradientTape() as tape:
        loss(softmax(last(middle(first(x)))), t)
        inside = tape.gradient()
    after = tape.gradient()
    weights = [first.w, first.b, last.w, last.b]
    assert len(inside) == len(after) == 4, f"expected 4 gradients, got {len(inside)} inside and {len(after)} after"
    assert beras.Diffable.gradient_tape is None, "expected no active tape after the block"

    def value() -> float:
        return float(loss.forward(softmax.forward(last.forward(middle.forward(first.forward(x)))), t))

    for name, found, again, weight in zip(("w1", "b1", "w2", "b2"), inside, after, weights, strict=True):
        equal(found, again, "the tape's gradients after the block")
        right_gradient(found, value, weight, f"the tape's gradient of {name}")
    for frozen, others in ((first, [(3, 2), (2,)]), (last, [(4, 3), (3,)])):
        frozen.trainable = False
        assert [g.shape for g in tape.gradient()] == others, "expected a frozen layer to be left out"
        frozen.trainable = True


def check_optimizers(beras: ModuleType, rng: np.random.Generator) -> None:
    """Two steps of each rule, by hand, into the arrays that were handed in."""
    rules = beras.optimizers
    start, steps = np.array([1.0, -2.0]), [np.array([0.5, -1.0]), np.array([-0.25, 2.0])]
    m, v, w_adam = np.zeros(2), np.zeros(2), start.copy()
    for t, g in enumerate(steps, 1):
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
        w_adam = w_adam - 0.1 * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-7)
    v1 = 0.1 * steps[0] ** 2
    w_rms = start - 0.1 * steps[0] / (np.sqrt(v1) + 1e-6)
    w_rms = w_rms - 0.1 * steps[1] / (np.sqrt(0.9 * v1 + 0.1 * steps[1] ** 2) + 1e-6)
    cases = [
        (rules.BasicOptimizer(0.1), start - 0.1 * (steps[0] + steps[1])),
        (rules.RMSProp(0.1), w_rms),
        (rules.Adam(0.1), w_adam),
    ]
    for optimizer, expected in cases:
        weights = [start.copy(), np.ones((2, 2))]
        held = weights[0]
        for g in steps:
            with untouched(g):
                optimizer.apply_gradients(weights, [g, np.zeros((2, 2))])
        assert weights[0] is held, f"{type(optimizer).__name__}: expected an update in place, got a new array"
        equal(held, expected, type(optimizer).__name__, tolerance=1e-9)
        equal(weights[1], np.ones((2, 2)), f"{type(optimizer).__name__} with a gradient of zeros")


def check_amsgrad(beras: ModuleType, rng: np.random.Generator) -> None:
    """With amsgrad the largest second moment counts: after a large gradient, small ones move less than without."""
    plain, ams = beras.optimizers.Adam(0.1, beta_2=0.5), beras.optimizers.Adam(0.1, beta_2=0.5, amsgrad=True)
    a, b = np.zeros(1), np.zeros(1)
    for g in (10.0, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1):
        plain.apply_gradients([a], [np.array([g])])
        ams.apply_gradients([b], [np.array([g])])
    assert abs(b[0]) < 0.8 * abs(a[0]), f"expected amsgrad to move less than {a[0]:.4f}, got {b[0]:.4f}"


def check_accuracy_and_one_hot(beras: ModuleType, rng: np.random.Generator) -> None:
    """CategoricalAccuracy of arrays and lists; OneHotEncoder there and back, fitted once."""
    probs, labels = [[0.1, 0.9], [0.8, 0.2], [0.3, 0.7]], [[0, 1], [0, 1], [0, 1]]
    accuracy = beras.metrics.CategoricalAccuracy()
    equal(accuracy(probs, labels), 2 / 3, "CategoricalAccuracy of lists")
    equal(accuracy(np.array(probs), np.array(labels)), 2 / 3, "CategoricalAccuracy of arrays")
    encoder = beras.onehot.OneHotEncoder()
    data = np.array([7, 2, 5, 2])
    equal(encoder(data), [[0, 0, 1], [1, 0, 0], [0, 1, 0], [1, 0, 0]], "OneHotEncoder.forward")
    equal(encoder.inverse(encoder(data)), data, "OneHotEncoder.inverse")
    equal(encoder(np.array([5])), [[0, 1, 0]], "OneHotEncoder.forward of fewer classes than it was fitted to")
    equal(encoder.uniq, [2, 5, 7], "OneHotEncoder.uniq")
    equal(encoder.uniq2oh[7], [0, 0, 1], "OneHotEncoder.uniq2oh[7]")
    try:
        beras.onehot.OneHotEncoder().inverse(np.eye(2))
    except AssertionError:
        return
    raise AssertionError("expected inverse of an unfitted encoder to raise an AssertionError")


CHECKS = [value for name, value in list(globals().items()) if name.startswith("check_")]
