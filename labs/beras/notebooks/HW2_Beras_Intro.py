# %% [markdown]
# # Intro to Beras
#
# A tour of `Beras/core.py`: things that can be called, things that can be differentiated, and the tape between them.
# There is nothing to write. Run from the folder `labs/beras`.

# %%
import matplotlib.pyplot as plt
import numpy as np
from Beras import Callable, Diffable, GradientTape, activations, layers, losses, metrics, onehot, optimizers

from smallnets.gradcheck import numeric_gradient, relative_error

# %% [markdown]
# ## Callable: a function with a name
#
# A `Callable` has a `forward`, and calling the object calls it. What is never optimised needs no more: the accuracy,
# and the one-hot encoding of labels.

# %%


class Square(Callable):
    """x squared."""

    def forward(self, x: np.ndarray) -> np.ndarray:
        return np.asarray(x) ** 2


print(Square()([1, 2, 3]))
encoder = onehot.OneHotEncoder()
print(encoder(["cat", "dog", "bird", "cat"]))
print(encoder.uniq2oh)
print("accuracy:", metrics.CategoricalAccuracy()([[0.1, 0.9], [0.8, 0.2]], [[0, 1], [0, 1]]))

# %% [markdown]
# Why one-hot rows and not the numbers 0, 1, 2? Numbers have an order and distances: class 2 would be nearer to class
# 1 than to class 0, which means nothing. Rows of the identity are all equally far apart.
#
# ## Diffable: with derivatives
#
# A `Diffable` also answers how its output changes with its input (`input_gradients`) and with its weights
# (`weight_gradients`). Here is one of our own. It depends on each input alone, so its derivative has the shape of the
# input, and the chain rule is a product.

# %%


class Cube(Diffable):
    """x cubed."""

    def forward(self, x: np.ndarray) -> np.ndarray:
        self.inputs = np.asarray(x, dtype=float)
        return self.inputs**3

    def input_gradients(self) -> np.ndarray:
        return 3 * self.inputs**2

    def compose_to_input(self, J: np.ndarray) -> np.ndarray:
        return self.input_gradients() * J


cube = Cube()
x = np.linspace(-1, 1, 201)
plt.plot(x, cube(x), label="x cubed")
plt.plot(x, cube.input_gradients(), label="its derivative")
plt.legend()
plt.show()

# %% [markdown]
# ### Dense
#
# With source size s, destination size d and batch size b: inputs `[b, s]`, `w` `[s, d]`, outputs `[b, d]`. The
# derivative of the outputs to the inputs is `w`; to `w` it is the inputs; to the bias it is 1.

# %%
np.random.seed(0)  # noqa: NPY002 - Dense draws from numpy's global generator
dense = layers.Dense(4, 3)
outputs = dense(np.ones((2, 4)))
print("outputs", outputs.shape)
print("input_gradients", dense.input_gradients().shape)
print("weight_gradients", [gradient.shape for gradient in dense.weight_gradients()])

# %% [markdown]
# How large should the first weights be? The values that leave a layer should spread as much as those that enter it.
# Here are ten layers of 100, with ReLU in between, from each initializer:

# %%
inputs = np.random.default_rng(0).normal(size=(500, 100))
for initializer in ("normal", "xavier", "kaiming"):
    values, spreads = inputs, []
    for _ in range(10):
        values = activations.ReLU()(layers.Dense(100, 100, initializer)(values))
        spreads.append(values.std())
    plt.semilogy(range(1, 11), spreads, label=initializer)
plt.xlabel("layer")
plt.ylabel("standard deviation of its output")
plt.legend()
plt.show()

# %% [markdown]
# `normal` explodes, `xavier` fades as ReLU drops half of the values, `kaiming` is made for that. `zero` gives 0
# everywhere, and all units of a layer would stay equal for ever.
#
# ## The tape
#
# While a `GradientTape` is open, every `Diffable` that is called writes itself down. What is called outside leaves no
# trace.

# %%
loss_fn = losses.MeanSquaredError()
net = [layers.Dense(4, 3), activations.LeakyReLU(), layers.Dense(3, 2), activations.Softmax()]
rng = np.random.default_rng(0)
x, y = rng.normal(size=(5, 4)), np.eye(2)[[0, 1, 1, 0, 1]]
outside = net[0](x)
with GradientTape() as tape:
    predictions = x
    for layer in net:
        predictions = layer(predictions)
    loss = loss_fn(predictions, y)
print("loss", loss)
print("on the tape:", [type(operation).__name__ for operation in tape.operations])

# %% [markdown]
# `gradient` walks the tape backwards. It starts with the loss's own derivative J, one row for each sample. At a layer
# with weights it composes their gradients with J, and then J with the layer's derivative to its input.

# %%
gradients = tape.gradient()
for gradient, weight in zip(gradients, [w for layer in net for w in layer.weights], strict=True):
    print(gradient.shape, weight.shape)

# %% [markdown]
# Is it right? The numeric gradient agrees, once the course's convention is undone: the gradient of `MeanSquaredError`
# is 2 (prediction - truth), here twice the true one, as there are two outputs. Weights are float32, so they are made
# float64 for this.

# %%
for layer in net:
    if isinstance(layer, layers.Dense):
        layer.w, layer.b = layer.w.astype(float), layer.b.astype(float)
        layer.weights = [layer.w, layer.b]


def total() -> float:
    """The loss of the net as it is."""
    values = x
    for layer in net:
        values = layer(values)
    return float(loss_fn(values, y))


with GradientTape() as tape:
    total()
gradients = tape.gradient()
for gradient, weight in zip(gradients, [w for layer in net for w in layer.weights], strict=True):
    error = relative_error(gradient, 2 * numeric_gradient(total, weight))
    print(gradient.shape, error)
    assert error < 1e-7

# %% [markdown]
# ## A tiny net learns
#
# Two classes, one inside the other: no line separates them, a hidden layer does. This is the loop that `Model.fit`
# and `SequentialModel.batch_step` are made of.

# %%
angle, radius = rng.uniform(0, 2 * np.pi, 400), np.repeat([1.0, 2.0], 200)
points = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1) + rng.normal(0, 0.15, (400, 2))
truth = np.eye(2)[np.repeat([0, 1], 200)]
net = [layers.Dense(2, 16), activations.LeakyReLU(), layers.Dense(16, 2, "xavier"), activations.Softmax()]
weights = [w for layer in net for w in layer.weights]
optimizer, accuracy = optimizers.Adam(0.02), metrics.CategoricalAccuracy()
history = []
for _ in range(200):
    with GradientTape() as tape:
        predictions = points
        for layer in net:
            predictions = layer(predictions)
        loss = loss_fn(predictions, truth)
    optimizer.apply_gradients(weights, tape.gradient())  # in place
    history.append(loss)
print("accuracy", accuracy(predictions, truth))
figure, (left, right) = plt.subplots(1, 2, figsize=(9, 4))
left.plot(history)
left.set(xlabel="step", ylabel="loss")
grid = np.stack(np.meshgrid(np.linspace(-3, 3, 80), np.linspace(-3, 3, 80)), axis=-1)
values = grid.reshape(-1, 2)
for layer in net:
    values = layer(values)
right.contourf(grid[..., 0], grid[..., 1], values[:, 1].reshape(80, 80), cmap="coolwarm", alpha=0.5)
right.scatter(points[:, 0], points[:, 1], c=truth[:, 1], cmap="coolwarm", s=8)
right.set(title="probability of the outer class")
plt.show()
