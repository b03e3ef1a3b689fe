"""Layers with hand-written gradients, and a two-digit classifier made of them: python numpy_nn.py --classes 4 9.

Gradients are per sample: what leaves backward() has the batch as its first axis, and averaging over the
batch is left to the training loop. The computation follows the dtype of the input.
"""

import sys

if __name__ == "__main__":
    try:
        from smallnets import starting
    except ModuleNotFoundError:
        word = "pip install -r requirements.txt, in the checkout"
        print(f"error: expected the package smallnets, got no such package: {word}", file=sys.stderr)
        sys.exit(2)

    starting.start()  # no file beside this one hides Python's; Ctrl-C and a missing package are told in one line

import secrets
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np


class Layer:
    """A function of its input, perhaps with parameters."""

    def forward(self, x: np.ndarray) -> np.ndarray:
        """The output [B, ...] for x [B, ...]."""
        raise NotImplementedError

    def backward(self, dL_wrt_output: np.ndarray) -> np.ndarray:
        """The gradient of each sample's loss w.r.t. the last forward's x, from that w.r.t. its output."""
        raise NotImplementedError

    def params(self) -> dict[str, np.ndarray]:
        """The parameters by name: the arrays themselves, so an in-place update trains the layer."""
        return {}

    def grads(self) -> dict[str, Any]:
        """The per-sample gradients of the last backward, by the names of params()."""
        return {}


class Loss:
    """A function of a prediction and its target."""

    def forward(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """The loss of x for the target y."""
        raise NotImplementedError

    def backward(self) -> np.ndarray:
        """The gradient w.r.t. x of the last forward."""
        raise NotImplementedError


class Linear(Layer):
    """y = x W + b, with W [input_dimension, output_dimension] and b [1, output_dimension]."""

    def __init__(self, input_dimension: int, output_dimension: int) -> None:
        self.input_dimension, self.output_dimension = input_dimension, output_dimension
        # W first, then b, from numpy's global generator: the course's tests depend on it
        self.W = np.random.randn(input_dimension, output_dimension) / 100  # noqa: NPY002
        self.b = np.random.randn(1, output_dimension) / 100  # noqa: NPY002
        self.dL_wrt_W: np.ndarray | None = None
        self.dL_wrt_b: np.ndarray | None = None
        self.x: np.ndarray | None = None

    def forward(self, x: np.ndarray) -> np.ndarray:
        """[B, in] -> [B, out].

        Raises:
            ValueError: x has another shape.
        """
        if np.ndim(x) != 2 or np.shape(x)[1] != len(self.W):
            raise ValueError(f"expected x of shape [B, {len(self.W)}], got {list(np.shape(x))}")
        self.x = np.array(x)
        W, b = (_like(self.x, parameter) for parameter in (self.W, self.b))
        return self.x @ W + b

    def backward(self, dL_wrt_output: np.ndarray) -> np.ndarray:
        """[B, out] -> [B, in]; sets dL_wrt_W [B, in, out], the outer products, and dL_wrt_b [B, 1, out].

        Raises:
            ValueError: no forward before, or another shape.
        """
        x = _remembered(self.x)
        if np.shape(dL_wrt_output) != (len(x), self.W.shape[1]):
            expected = [len(x), self.W.shape[1]]
            raise ValueError(f"expected dL_wrt_output of shape {expected}, got {list(np.shape(dL_wrt_output))}")
        self.dL_wrt_W = x[:, :, None] * dL_wrt_output[:, None, :]
        self.dL_wrt_b = np.array(dL_wrt_output)[:, None, :]
        return dL_wrt_output @ _like(x, self.W).T

    def params(self) -> dict[str, np.ndarray]:
        """{"W": W, "b": b}."""
        return {"W": self.W, "b": self.b}

    def grads(self) -> dict[str, Any]:
        """{"W": dL_wrt_W, "b": dL_wrt_b}."""
        return {"W": self.dL_wrt_W, "b": self.dL_wrt_b}


class ReLU(Layer):
    """max(0, x) for arrays of any shape; the gradient at 0 is 0."""

    x: np.ndarray | None = None

    def forward(self, x: np.ndarray) -> np.ndarray:
        """[...] -> [...]."""
        self.x = np.array(x)
        return np.maximum(self.x, 0)

    def backward(self, dL_wrt_output: np.ndarray) -> np.ndarray:
        """[...] -> [...]: passes where x was positive."""
        # where, not a product with the mask, which would print -0. for a negative gradient
        return np.where(_remembered(self.x) > 0, dL_wrt_output, 0)


class Sigmoid(Layer):
    """1 / (1 + exp(-x)) for arrays of any shape, by tanh so that no exponential overflows."""

    a: np.ndarray | None = None

    def forward(self, x: np.ndarray) -> np.ndarray:
        """[...] -> [...], in (0, 1)."""
        self.a = 0.5 * (1 + np.tanh(0.5 * np.asarray(x)))
        return self.a.copy()

    def backward(self, dL_wrt_output: np.ndarray) -> np.ndarray:
        """[...] -> [...]: a (1 - a) times the gradient."""
        a = _remembered(self.a)
        return a * (1 - a) * dL_wrt_output


class SE(Loss):
    """The squared error (x - y)^2 of each element."""

    error: np.ndarray | None = None

    def forward(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """[...], [...] -> [...].

        Raises:
            ValueError: x and y differ in shape, so that they would broadcast.
        """
        if np.shape(x) != np.shape(y):
            raise ValueError(f"expected x and y of one shape, got {list(np.shape(x))} and {list(np.shape(y))}")
        # labels are unsigned, and 0 - 1 of unsigned integers is 255
        self.error = np.subtract(x, y, dtype=np.result_type(x, np.float32))
        return self.error**2

    def backward(self) -> np.ndarray:
        """2 (x - y)."""
        return 2 * _remembered(self.error)


def _like(x: np.ndarray, parameter: np.ndarray) -> np.ndarray:
    """A parameter in the dtype of the input; integer inputs leave it as it is."""
    return parameter.astype(x.dtype, copy=False) if np.issubdtype(x.dtype, np.floating) else parameter


def _remembered(value: np.ndarray | None) -> np.ndarray:
    """The inputs that forward kept for backward."""
    if value is None:
        raise ValueError("expected forward before backward, got backward first")
    return value


def get_relu_class(*_: Any) -> list[type]:
    """The class in a list, for the course's automatic evaluation; likewise the three below."""
    return [ReLU]


def get_sigmoid_class(*_: Any) -> list[type]:
    """Sigmoid."""
    return [Sigmoid]


def get_linear_class(*_: Any) -> list[type]:
    """Linear."""
    return [Linear]


def get_se_loss_class(*_: Any) -> list[type]:
    """SE."""
    return [SE]


def visualize_data(
    data: Any, legend: Any = None, title: Any = None, xlabel: Any = None, ylabel: Any = None,
    save_filepath: Any = None, show: bool = True, hline: float | None = None, hlinelabel: str | None = None
) -> None:  # fmt: skip
    """Draw each sequence of values in `data` over its index, with a horizontal line at `hline` if given."""
    axes = _axes([(range(len(values)), values) for values in data], legend, title, xlabel, ylabel)
    if hline is not None:
        axes.axhline(hline, color="gray", linestyle="--", label=hlinelabel)
        axes.legend()
    _finish(axes.figure, save_filepath, show)


def visualize_xy(
    data: Any, legend: Any = None, title: Any = None, xlabel: Any = None, ylabel: Any = None,
    save_filepath: Any = None, show: bool = True, **kwargs: Any
) -> None:  # fmt: skip
    """Draw each (x, y) of `data`. Of the other arguments, axis, grid and linestyle are used, the rest ignored."""
    axes = _axes(data, legend, title, xlabel, ylabel, kwargs.get("linestyle", "-"))
    axes.grid(bool(kwargs.get("grid", False)))
    if "axis" in kwargs:
        axes.axis(kwargs["axis"])
    _finish(axes.figure, save_filepath, show)


def show_classification(test_images: np.ndarray, labels: np.ndarray, letters: Sequence[str]) -> None:
    """Draw, side by side in the current figure, a montage of the images that got each label.

    Args:
        test_images: [h, w, n].
        labels: [n], from 0; label k is called letters[k].
    """
    from matplotlib import pyplot

    height, width, _ = test_images.shape
    for k, letter in enumerate(letters):
        chosen = test_images[:, :, np.ravel(labels) == k]
        side = max(1, int(np.ceil(np.sqrt(chosen.shape[2]))))
        tiles = np.full((side * side, height, width), test_images.min())
        tiles[: chosen.shape[2]] = np.moveaxis(chosen, 2, 0)
        montage = tiles.reshape(side, side, height, width).swapaxes(1, 2).reshape(side * height, side * width)
        axes = pyplot.gcf().add_subplot(1, len(letters), k + 1)
        axes.imshow(montage, cmap="gray")
        axes.set_title(f"classified as {letter}: {chosen.shape[2]}")
        axes.axis("off")


def _axes(data: Any, legend: Any, title: Any, xlabel: Any, ylabel: Any, linestyle: str = "-") -> Any:
    from matplotlib import pyplot  # only when a picture is asked for

    axes = pyplot.figure().add_subplot()
    named = linestyle in ("solid", "dashed", "dashdot", "dotted")  # all else is a format such as "b" or "r--"
    for k, (x, y) in enumerate(data):
        lines = axes.plot(x, y, "-" if named else linestyle, label=None if legend is None else legend[k])
        if named:  # without a property, setp prints them all
            pyplot.setp(lines, linestyle=linestyle)
    axes.set(title=title, xlabel=xlabel, ylabel=ylabel)
    if legend is not None:
        axes.legend()
    return axes


def _finish(figure: Any, save_filepath: str | None, show: bool) -> None:
    """Save and show a figure as asked; without a screen there is nothing to show."""
    from matplotlib import get_backend, pyplot

    if save_filepath is not None:
        path = Path(save_filepath)
        partial = path.with_name(f".{secrets.token_hex(8)}{path.suffix}")  # no file of a user has such a name
        try:
            figure.savefig(partial)
            partial.replace(path)  # so that no picture is ever half there
        finally:
            partial.unlink(missing_ok=True)
    if show and get_backend().lower() != "agg":
        pyplot.show()
    pyplot.close(figure)


Split = tuple[np.ndarray, np.ndarray]


def load_data(path: str | Path, class_a: int, class_b: int) -> tuple[Split, Split]:
    """Read two digits from a .npz with x_train, y_train, x_test, y_test (pixels [N, 28, 28], labels [N]).

    Returns:
        ((X_trn, y_trn), (X_tst, y_tst)): X float64 [n, 784], standardised with the mean and the standard
        deviation of all training pixels; y uint8 [n, 1], 0 for class_a and 1 for class_b.

    Raises:
        ValueError: the two classes are one, or one of them is not in the file.
    """
    if class_a == class_b:
        raise ValueError(f"expected two different classes, got {class_a} twice")
    splits, data = [], _read_arrays(path)
    for split in ("train", "test"):
        labels = data[f"y_{split}"]
        for label in (class_a, class_b):
            if label not in labels:
                raise ValueError(f"expected digits {label} in y_{split} of {path}, got only {np.unique(labels)}")
        rows = np.isin(labels, (class_a, class_b))
        x = data[f"x_{split}"][rows].reshape(rows.sum(), -1).astype(np.float64)
        splits.append((x, (labels[rows] == class_b).astype(np.uint8)[:, None]))
    (x_train, y_train), (x_test, y_test) = splits
    mean, std = x_train.mean(), x_train.std()
    return ((x_train - mean) / std, y_train), ((x_test - mean) / std, y_test)


def _read_arrays(path: str | Path) -> dict[str, np.ndarray]:
    """The arrays of the .npz file, if it is one and has the four."""
    try:
        with open(path, "rb") as file, np.load(file) as data:
            arrays = dict(data)
    except OSError:
        raise
    except Exception as error:  # a damaged archive ends in any of a dozen errors
        raise ValueError(f"expected {path} to be a .npz file, got another or a damaged one ({error})") from None
    missing = {f"{a}_{split}" for a in "xy" for split in ("train", "test")} - set(arrays)
    if missing:
        raise ValueError(f"expected x_train, y_train, x_test and y_test in {path}, got no {sorted(missing)}")
    return arrays


def predict(model: Sequence[Layer], x: np.ndarray) -> np.ndarray:
    """The output of the last layer, [B, ...]."""
    for layer in model:
        x = layer.forward(x)
    return x


def train_epoch(model: Sequence[Layer], loss: Loss, x: np.ndarray, y: np.ndarray, lr: float, batch_size: int) -> float:
    """One pass over (x, y) in order, a step of gradient descent per batch; returns the mean loss of the batches.

    Each image is moved by up to a pixel, as a digit means the same a pixel aside.
    """
    losses = []
    for start in range(0, len(x), batch_size):
        rows = slice(start, start + batch_size)
        losses.append(loss.forward(predict(model, moved(x[rows])), y[rows]).mean())
        gradient = loss.backward()
        for layer in reversed(model):
            gradient = layer.backward(gradient)
            for name, parameter in layer.params().items():
                parameter -= lr * np.mean(layer.grads()[name], axis=0)
    return float(np.mean(losses))


def moved(x: np.ndarray) -> np.ndarray:
    """Images [B, 784], each moved by up to a pixel along both axes; what leaves one side comes in at the other."""
    images = np.arange(len(x))[:, None, None]
    rows, columns = (np.arange(28) - np.random.randint(-1, 2, (2, len(x), 1))) % 28  # noqa: NPY002
    return x.reshape(-1, 28, 28)[images, rows[:, :, None], columns[:, None, :]].reshape(x.shape)


def parameters(model: Sequence[Layer]) -> Iterator[np.ndarray]:
    """Every parameter of every layer, the arrays themselves."""
    for layer in model:
        yield from layer.params().values()


def train(args: Any) -> int:
    """Train the classifier of two digits, keep the parameters of the best validation loss, test, draw."""
    (x, y), (x_test, y_test) = load_data(args.data, *args.classes)
    x, x_test = x.astype(np.float32), x_test.astype(np.float32)  # as good here, and twice as fast
    np.random.seed(args.seed)  # noqa: NPY002 - Linear draws from numpy's global generator
    order = np.random.permutation(len(x))  # noqa: NPY002
    n_val = int(args.validation * len(x))
    if not 0 < n_val < len(x):
        raise ValueError(f"expected --validation to leave images on both sides, got {args.validation} of {len(x)}")
    Path(args.out).mkdir(parents=True, exist_ok=True)  # better to fail now than after training
    (x_val, y_val), (x_train, y_train) = ((x[rows], y[rows]) for rows in (order[:n_val], order[n_val:]))
    model, loss = [Linear(x.shape[1], 128), ReLU(), Linear(128, 1), Sigmoid()], SE()
    train_losses, val_losses, best = [], [], []
    for epoch in range(args.epochs):
        lr = args.lr * (1 - epoch / args.epochs)  # smaller steps towards the end find a lower minimum
        train_losses.append(train_epoch(model, loss, x_train, y_train, lr, args.batch_size))
        val_losses.append(float(loss.forward(predict(model, x_val), y_val).mean()))
        if epoch == 0 or val_losses[-1] < min(val_losses[:-1]):
            best = [parameter.copy() for parameter in parameters(model)]
        if epoch % args.print_each == 0 or epoch == args.epochs - 1:
            for name, values in (("TRN", train_losses), ("VAL", val_losses)):
                print(f"[{epoch:04d}][{name}] MSE loss {values[-1]:.4f}")
    # into the arrays the layers use: new entries in params()'s dict would change nothing
    for parameter, value in zip(parameters(model), best, strict=True):
        parameter[...] = value
    print(f"Best VAL model loss {min(val_losses):.4f} at epoch #{int(np.argmin(val_losses))}")
    return test(model, x_test, y_test, train_losses, val_losses, args)


def test(model: Sequence[Layer], x: np.ndarray, y: np.ndarray, train_losses: Any, val_losses: Any, args: Any) -> int:
    """Write the three pictures, then print the test error, as a print may fail."""
    from matplotlib import pyplot

    outputs = predict(model, x)
    labels = (outputs > 0.5).astype(int)
    error = np.mean(labels != y)
    legend, out = ["validation", "training"], Path(args.out)
    visualize_data(
        [val_losses, train_losses], legend, "training", "epoch", "MSE", str(out / "numpy_nn_training.png"), False
    )
    figure = pyplot.figure(figsize=(10, 5), layout="constrained")
    show_classification(x.T.reshape(28, 28, -1), labels, [str(digit) for digit in args.classes])
    figure.suptitle(f"{args.classes[0]} or {args.classes[1]}: test error {error:.4f}")
    _finish(figure, str(out / "numpy_nn_classification.png"), show=False)
    print(f"[TST] MSE loss {SE().forward(outputs, y).mean():.4f}\n[TST] error {error:.4f}")
    wrong = np.flatnonzero(labels != y)
    captions = [f"predicted {args.classes[labels.flat[k]]}, is {args.classes[y.flat[k]]}" for k in wrong]
    ink = (x[wrong] - x.min()) / np.ptp(x)
    figure = args.image_grid(ink, captions, f"the {len(wrong)} wrong ones of {len(x)}", columns=6)
    _finish(figure, str(out / "numpy_nn_wrong.png"), show=False)
    print(f"written: numpy_nn_training.png, numpy_nn_classification.png, numpy_nn_wrong.png in {out.resolve().name}")
    return 0


def main(argv: list[str] | None = None) -> int:
    """Parse the command line and train."""
    from smallnets import cli, files, own, threads
    from smallnets.data import mnist

    data = Path(__file__).resolve().parents[2] / "data" / "mnist"
    parser = cli.parser(__doc__)
    parser.add_argument("--classes", type=cli.whole_number(0), nargs=2, default=[4, 9], help="the two digits")
    parser.add_argument("--epochs", type=cli.whole_number(1), default=40, help="passes over the training set")
    parser.add_argument("--lr", type=cli.number(0), default=0.5, help="learning rate at the start")
    parser.add_argument("--batch_size", type=cli.whole_number(1), default=10)
    parser.add_argument("--seed", type=cli.whole_number(0), default=0)
    parser.add_argument("--validation", type=cli.number(), default=0.1, help="fraction kept for validation")
    parser.add_argument("--print_each", type=cli.whole_number(1), default=5, help="epochs between two reports")
    parser.add_argument("--data", type=Path, help="the .npz, or MNIST's folder; left out: here, then data/mnist")
    parser.add_argument("--out", help="where the three pictures go; left out: here, for the stand-in in stand_in")
    threads.add_option(parser)
    args = parser.parse_args(argv)

    def run() -> int:
        with threads.limited(args.threads):
            return on_mnist()

    def on_mnist() -> int:
        from smallnets import plots  # brings matplotlib, which --help needs not wait for

        args.image_grid = plots.image_grid
        source = mnist.ensure(Path(), data) if args.data is None else mnist.told(args.data)
        # pictures of the stand-in do not take the place of those of MNIST
        args.out = args.out or (mnist.STAND_IN_FOLDER if mnist.note(source) else ".")
        files.expect_folder(args.out)  # better to fail now than after training
        pictures = (Path(args.out) / f"numpy_nn_{name}.png" for name in ("training", "classification", "wrong"))
        with own.keeping(*pictures), mnist.as_npz(source) as args.data:
            return train(args)

    return cli.exit_codes(run)()


if __name__ == "__main__":
    raise SystemExit(main())
