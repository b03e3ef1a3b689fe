# %% [markdown]
# # A neural network in NumPy
#
# The layers of `numpy_nn.py` one after the other, each on the handout's numbers and against a numeric gradient; then
# a classifier of two handwritten digits made of them. Run from the folder `labs/numpy_to_cnn`.

# %%
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from numpy_nn import SE, Linear, ReLU, Sigmoid, load_data, parameters, predict, show_classification, train_epoch

from smallnets.data import mnist
from smallnets.gradcheck import numeric_gradient, relative_error

# %% [markdown]
# ## Part 1: layers
#
# A layer passes data forward, and gradients backward: `backward` takes the gradient of each sample's loss with
# respect to the layer's output and returns it with respect to the layer's input. The first axis is the batch.
#
# ### Linear
#
# $f(x) = xW + b$, for a batch $x$ of shape `[B, in]`, $W$ `[in, out]` and $b$ `[1, out]`.

# %%
linear = Linear(3, 2)
linear.W = np.linspace(1, -1, 6).reshape(3, 2)
linear.b = np.linspace(-0.5, 0.5, 2).reshape(1, 2)
x = np.linspace(-2, 2, 6).reshape(2, 3)
print(linear.forward(x))
np.testing.assert_allclose(linear.forward(x), [[-2.5, -0.06], [-1.06, -1.5]], atol=1e-12)

# %% [markdown]
# The gradients of $W$ and $b$ keep the samples apart: `dL_wrt_W` is `[B, in, out]` and `dL_wrt_b` is `[B, 1, out]`.
# The training loop takes their mean over the batch.

# %%
dL_wrt_x = linear.backward(np.linspace(1, 2, 4).reshape(2, 2))
print(dL_wrt_x, linear.dL_wrt_W, linear.dL_wrt_b, sep="\n\n")
np.testing.assert_allclose(dL_wrt_x, [[1.8, -1 / 15, -29 / 15], [43 / 15, -1 / 15, -3]])

# %% [markdown]
# ### ReLU, sigmoid and squared error
#
# $\max(0, x)$, $1 / (1 + e^{-x})$ and $(x - y)^2$, each element by element, for arrays of any shape.

# %%
relu, sigmoid, loss = ReLU(), Sigmoid(), SE()
x = np.linspace(-1, 1, 9)
relu.forward(x)
print("ReLU   ", relu.backward(x))
x = np.linspace(-5, 5, 5)
sigmoid.forward(x)
print("Sigmoid", sigmoid.backward(2 * x))
x = np.linspace(-5, 5, 9)
loss.forward(x, 0.5 * x)
print("SE     ", loss.backward())

# %% [markdown]
# ### Is every gradient right?
#
# The numeric gradient $(L(x + h) - L(x - h)) / 2h$ needs no calculus. Both must agree up to about $10^{-7}$, for the
# input and for each parameter of a small net.

# %%
np.random.seed(0)  # noqa: NPY002 - Linear draws from numpy's global generator
small = [Linear(4, 3), ReLU(), Linear(3, 1), Sigmoid()]
for values in parameters(small):
    values *= 100  # away from the kink of ReLU
rng = np.random.default_rng(0)
x, y = rng.normal(size=(5, 4)), rng.integers(0, 2, (5, 1))


def total() -> float:
    """The summed loss of the small net, for the numeric gradient."""
    return float(loss.forward(predict(small, x), y).sum())


total()
gradient = loss.backward()
for layer in reversed(small):
    gradient = layer.backward(gradient)
print("input", relative_error(gradient, numeric_gradient(total, x)))
for layer in small:
    for name, parameter in layer.params().items():
        error = relative_error(layer.grads()[name].sum(axis=0), numeric_gradient(total, parameter))
        print(type(layer).__name__, name, error)
        assert error < 1e-7

# %% [markdown]
# ## Part 2: two digits
#
# 4 or 9, the hardest pair. `load_data` keeps the two digits, gives them the labels 0 and 1, and standardises the
# pixels. Where MNIST is missing, scikit-learn's small digits stand in, which the next line says.

# %%
CLASSES = (4, 9)
source = mnist.ensure(Path(), Path("../../data/mnist"))
with mnist.as_npz(source) as path:
    (x_all, y_all), (x_test, y_test) = load_data(path, *CLASSES)
order = rng.permutation(len(x_all))
n_val = len(x_all) // 10
x_val, y_val = x_all[order[:n_val]], y_all[order[:n_val]]
x_train, y_train = x_all[order[n_val:]], y_all[order[n_val:]]
print(f"{len(x_train)} images to train on, {len(x_val)} to validate with, {len(x_test)} to test with")

# %% [markdown]
# ### The net and its training
#
# Try other rates, batches and layers. Slow? A higher learning rate. No convergence? A lower one.

# %%
EPOCHS, LR, BATCH_SIZE = 10, 0.5, 10
np.random.seed(0)  # noqa: NPY002
model = [Linear(784, 128), ReLU(), Linear(128, 1), Sigmoid()]
train_losses, val_losses = [], []
best = [values.copy() for values in parameters(model)]
for epoch in range(EPOCHS):
    lr = LR * (1 - epoch / EPOCHS)
    train_losses.append(train_epoch(model, loss, x_train, y_train, lr, BATCH_SIZE))
    val_losses.append(float(loss.forward(predict(model, x_val), y_val).mean()))
    if val_losses[-1] == min(val_losses):
        best = [values.copy() for values in parameters(model)]
    print(f"epoch {epoch + 1}: training loss {train_losses[-1]:.4f}, validation loss {val_losses[-1]:.4f}")

# %%
figure, axes = plt.subplots(figsize=(6, 3.5))
axes.plot(range(1, EPOCHS + 1), train_losses, label="training")
axes.plot(range(1, EPOCHS + 1), val_losses, label="validation")
axes.set(xlabel="epoch", ylabel="MSE")
axes.legend()
plt.show()

# %% [markdown]
# ### The test
#
# With the parameters of the epoch whose validation loss is the lowest. They are written into the arrays that the
# layers use: new entries in the dict of `params()` would change nothing.

# %%
for values, kept in zip(parameters(model), best, strict=True):
    values[...] = kept
labels = (predict(model, x_test) > 0.5).astype(int)
print(f"test error {np.mean(labels != y_test):.4f}")
plt.figure(figsize=(10, 5), layout="constrained")
show_classification(x_test.T.reshape(28, 28, -1), labels, [str(digit) for digit in CLASSES])
plt.show()
