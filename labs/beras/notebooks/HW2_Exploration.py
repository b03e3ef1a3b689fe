# %% [markdown]
# # Exploration: Beras beside Keras
#
# A Keras model is a list of layers with a loss, an optimizer and metrics; its methods do the rest. Beras keeps the
# names. This notebook builds one model three times, each time with more left to the library, and then tries our
# additions for CS2470 one by one. Run from the folder `labs/beras`; TensorFlow is not needed.

# %%
import time

import Beras
import matplotlib.pyplot as plt
import numpy as np
from assignment import SequentialModel
from Beras import activations, layers, losses, metrics, onehot, optimizers
from preprocess import DATA, find_mnist, get_data_MNIST
from visualize import visualize_images

from smallnets.data import mnist

mnist.ensure(find_mnist(DATA))
N = 6000  # images to train on: enough to compare, and quick
x_train, labels = (part[:N] for part in get_data_MNIST("train", DATA))
x_test, labels_test = get_data_MNIST("test", DATA)
encoder = onehot.OneHotEncoder()
y_train, y_test = encoder(labels), encoder(labels_test)
print(x_train.shape, y_train.shape, x_test.shape, y_test.shape)

# %% [markdown]
# ## By hand, with a tape, as a model
#
# **By hand**, every derivative of a Dense layer with Softmax and MSE is written out: $\partial L/\partial p = 2(p -
# y)$, then $p_k (J_k - p \cdot J)$ for Softmax, then the product with $x^T$.

# %%


def by_hand(w: np.ndarray, b: np.ndarray, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The gradients of one Dense layer with Softmax, in the course's convention for MSE."""
    scores = x @ w + b
    p = np.exp(scores - scores.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    J = 2 * (p - y)
    J = p * (J - (p * J).sum(axis=1, keepdims=True))
    return x.T @ J / len(x), J.mean(axis=0)


np.random.seed(0)  # noqa: NPY002 - Dense draws from numpy's global generator
dense, softmax, mse = layers.Dense(784, 10), activations.Softmax(), losses.MeanSquaredError()
with Beras.GradientTape() as tape:
    mse(softmax(dense(x_train[:100])), y_train[:100])
for ours, taped in zip(by_hand(dense.w, dense.b, x_train[:100], y_train[:100]), tape.gradient(), strict=True):
    print(np.abs(ours - taped).max())
    assert np.allclose(ours, taped, atol=1e-6)

# %% [markdown]
# **With a tape**, as in `tf.GradientTape`, only the forward pass is written. **As a model**, as in
# `keras.Sequential`, not even the loop is. Three things differ from Keras: a tape needs no list of sources, as it has
# recorded the layers; a layer is told the size of its input, as nothing is built at the first call; and there is no
# graph, everything runs at once.
#
# | Keras | Beras |
# |---|---|
# | `keras.Sequential([...])` | `SequentialModel([...])` |
# | `layers.Dense(10, kernel_initializer="he_normal")` | `layers.Dense(784, 10, initializer="kaiming")` |
# | `model.compile(optimizer, loss, metrics)` | `model.compile(optimizer, loss_fn, acc_fn)` |
# | `model.fit(x, y, epochs=..., validation_data=...)` | the same |
# | `tape.gradient(loss, model.trainable_variables)` | `tape.gradient()` |
# | `optimizer.apply_gradients(zip(grads, variables))` | `optimizer.apply_gradients(variables, grads)` |

# %%


def model_of(*parts: Beras.Diffable, rate: optimizers.Rate = 0.002) -> SequentialModel:
    """A compiled model of some layers."""
    model = SequentialModel(list(parts))
    model.compile(optimizers.Adam(rate), losses.CategoricalCrossentropy(), metrics.CategoricalAccuracy())
    return model


def fitted(model: SequentialModel, epochs: int = 8) -> Beras.History:
    """Train a model quietly, and say how good it is and how long that took."""
    start = time.perf_counter()
    history = model.fit(
        x_train, y_train, epochs, batch_size=50, shuffle=0, validation_data=(x_test, y_test), verbose=False
    )
    seconds = time.perf_counter() - start
    print(f"training {history['acc'][-1]:.4f}, test {history['val_acc'][-1]:.4f}, {seconds:.1f} s")
    return history


def hidden(*between: Beras.Diffable) -> list[Beras.Diffable]:
    """784-128-10 with ReLU and Softmax, and perhaps more after the hidden layer."""
    last = layers.Dense(128, 10, "xavier")
    return [layers.Dense(784, 128), activations.ReLU(), *between, last, activations.Softmax()]


simple = fitted(model_of(layers.Dense(784, 10), activations.Softmax()))
plain = fitted(model_of(*hidden()))

# %% [markdown]
# ## CS2470: our features
#
# ### Softmax
#
# Stable: the largest score is subtracted first, so nothing overflows. Its Jacobian is $\mathrm{diag}(p) - pp^T$ for
# each sample; the chain rule through it is done without making the Jacobian.

# %%
print(activations.Softmax()(np.array([[1000.0, 1001.0, 1002.0]])))
print(softmax.input_gradients().shape, "sums of rows:", np.abs(softmax.input_gradients().sum(axis=2)).max())

# %% [markdown]
# ### Dropout
#
# In training, each value is dropped with some probability and the others grow to make up for it; otherwise nothing
# happens. A net can then rely on no single unit, so the gap between training and test shrinks.

# %%
dropout = fitted(model_of(*hidden(layers.Dropout(0.4))))

# %% [markdown]
# ### BatchNormalization
#
# Its derivative to the input mixes samples, see [One formula, two views](CONCEPTS.md). In training it uses the
# statistics of the batch, otherwise moving averages, as in Keras.

# %%
normalised = fitted(model_of(*hidden(layers.BatchNormalization(128, momentum=0.9))))

# %% [markdown]
# ### A penalty on the weights
#
# `kernel_regularizer=L2(...)` adds $\lambda \sum w^2$ to the loss. Small weights make a smoother function.

# %%
regularised_layer = layers.RegularizedDense(784, 128, kernel_regularizer=layers.L2(1e-4))
regularised = fitted(model_of(regularised_layer, *hidden()[1:]))
print("mean |w|:", np.abs(regularised_layer.w).mean())

# %% [markdown]
# ### A learning rate that falls
#
# A schedule is a function of the step. Large steps first, small ones at the end.

# %%
steps = 8 * (len(x_train) // 50)
cosine = fitted(model_of(*hidden(), rate=optimizers.CosineDecay(0.005, decay_steps=steps)))

# %% [markdown]
# ### Side by side
#
# The accuracy on the test set after each epoch. A single run each: differences of a few tenths of a percent are
# chance.

# %%
runs = {"one layer": simple, "hidden layer": plain, "Dropout": dropout, "BatchNormalization": normalised,
        "L2": regularised, "cosine": cosine}  # fmt: skip
figure, axes = plt.subplots(figsize=(7, 4))
for name, history in runs.items():
    axes.plot(range(1, 9), history["val_acc"], marker=".", label=name)
axes.set(xlabel="epoch", ylabel="test accuracy")
axes.legend()
plt.show()

# %% [markdown]
# ### Which loss?
#
# MSE on probabilities has small gradients where Softmax is sure of a wrong class; cross-entropy has the largest
# there.

# %%
p = np.linspace(0.001, 0.999, 300)
pair, truth = np.stack([p, 1 - p], axis=1), np.tile([1.0, 0.0], (300, 1))
for loss in (losses.MeanSquaredError(), losses.CategoricalCrossentropy()):
    probe = activations.Softmax()
    with Beras.GradientTape():
        loss(probe(np.log(pair)), truth)
    gradient = probe.compose_to_input(loss.input_gradients())
    plt.plot(p, np.abs(gradient[:, 0]), label=type(loss).__name__)
plt.xlabel("probability of the true class")
plt.ylabel("size of the gradient to its score")
plt.legend()
plt.show()

# %% [markdown]
# ## Mistakes of the model

# %%
model = model_of(*hidden(layers.Dropout(0.2)), rate=optimizers.CosineDecay(0.003, decay_steps=steps))
fitted(model)
visualize_images(model, x_test, y_test, num_searching=2000)
