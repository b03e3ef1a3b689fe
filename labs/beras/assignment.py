"""Train a simple and an advanced model on MNIST with Beras: python assignment.py [--simple] [--plots DIR]."""

import sys

if __name__ == "__main__":
    try:
        from smallnets import starting
    except ModuleNotFoundError:
        word = "pip install -r requirements.txt, in the checkout"
        print(f"error: expected the package smallnets, got no such package: {word}", file=sys.stderr)
        sys.exit(2)

    starting.start()  # no file beside this one hides Python's; Ctrl-C and a missing package are told in one line

from types import SimpleNamespace
from typing import Any

import Beras
import numpy as np
from Beras import activations, layers, losses, metrics, onehot, optimizers
from preprocess import find_mnist, get_data_MNIST
from visualize import visualize_images, visualize_metrics


class SequentialModel(Beras.Model):
    """A stack of layers, each fed by the one before."""

    def call(self, inputs: np.ndarray) -> np.ndarray:
        """[B, ...] through every layer; the inputs stay as they are."""
        for layer in self.layers:
            inputs = layer(inputs)
        return inputs

    def batch_step(self, x: np.ndarray, y: np.ndarray, training: bool = True) -> dict[str, Any]:
        """Loss (with the layers' penalties) and accuracy of a batch, before the update that training makes."""
        for layer in self.layers:
            layer.training = training
        if not training:
            predictions = self.call(x)
            loss = self.compiled_loss(predictions, y)
        else:
            with Beras.GradientTape() as tape:
                predictions = self.call(x)
                loss = self.compiled_loss(predictions, y)
            self.optimizer.apply_gradients(self.trainable_variables, tape.gradient())
            for layer in self.layers:
                layer.training = False
        return {"loss": loss + layers.penalty(self.layers), "acc": self.compiled_acc(predictions, y)}


def get_simple_model_components() -> SimpleNamespace:
    """One Dense layer with Softmax, as the handout fixes it."""
    model = SequentialModel([layers.Dense(784, 10), activations.Softmax()])
    model.compile(
        optimizer=optimizers.BasicOptimizer(0.02),
        loss_fn=losses.MeanSquaredError(),
        acc_fn=metrics.CategoricalAccuracy(),
    )
    return SimpleNamespace(model=model, epochs=10, batch_size=100)


def get_advanced_model_components() -> SimpleNamespace:
    """Two hidden layers with Dropout; Adam's learning rate falls along a cosine over the 600 * 12 steps of MNIST."""
    model = SequentialModel(
        [
            layers.Dense(784, 256),
            activations.ReLU(),
            layers.Dropout(0.2),
            layers.Dense(256, 128),
            activations.ReLU(),
            layers.Dense(128, 10, initializer="xavier"),
            activations.Softmax(),
        ]
    )
    model.compile(
        optimizer=optimizers.Adam(optimizers.CosineDecay(0.002, decay_steps=7200)),
        loss_fn=losses.CategoricalCrossentropy(),
        acc_fn=metrics.CategoricalAccuracy(),
    )
    return SimpleNamespace(model=model, epochs=12, batch_size=100)


def train(args: Any) -> int:
    """Train on the training set, print the performance on the test set, draw if asked."""
    train_inputs, train_labels = get_data_MNIST("train", args.data)
    test_inputs, test_labels = get_data_MNIST("test", args.data)
    encoder = onehot.OneHotEncoder()
    train_labels_ohe, test_labels_ohe = encoder(train_labels), encoder(test_labels)

    np.random.seed(args.seed)  # noqa: NPY002 - Dense draws from numpy's global generator
    arguments = get_simple_model_components() if args.simple else get_advanced_model_components()
    epochs = arguments.epochs if args.epochs is None else args.epochs
    # the simple model is the handout's to the letter, and it does not shuffle
    shuffle = None if args.simple else args.seed
    # the test images choose nothing here: their curve is for the picture alone
    drawn = None if args.plots is None else (test_inputs, test_labels_ohe)
    history = arguments.model.fit(
        train_inputs, train_labels_ohe, epochs, arguments.batch_size, shuffle=shuffle, validation_data=drawn
    )
    performance = arguments.model.evaluate(test_inputs, test_labels_ohe, batch_size=100)
    if args.plots is not None:
        batches, validation = history.batches, (history["val_loss"], history["val_acc"])
        visualize_metrics(batches["loss"], batches["acc"], f"{args.plots}/beras_metrics.png", "batch", *validation)
        images = f"{args.plots}/beras_images.png"
        visualize_images(arguments.model, test_inputs, test_labels_ohe, num_searching=2000, save_filepath=images)
    print("Testing Performance:", dict(performance))  # at last, as it may fail
    return 0


def main(argv: list[str] | None = None) -> int:
    """Parse the command line, which the handout leaves empty, and train."""
    from smallnets import cli, files, threads
    from smallnets.data import mnist

    parser = cli.parser(__doc__)
    parser.add_argument("--simple", action="store_true", help="the simple model instead of the advanced one")
    parser.add_argument("--epochs", type=cli.whole_number(0), help="instead of the model's own")
    parser.add_argument("--seed", type=cli.whole_number(0), default=0, help="seed of the weights and of the order")
    parser.add_argument("--data", default="../data", help="folder above mnist/; the default falls back to data/")
    parser.add_argument("--plots", help="draw the metrics and 20 images into this folder")
    threads.add_option(parser)
    args = parser.parse_args(argv)

    def run() -> int:
        if args.plots is not None:
            files.expect_folder(args.plots)  # better to fail now than after training
        found = find_mnist(args.data)
        if args.data == "../data":
            mnist.ensure(found)
        else:
            mnist.told(found)
        with threads.limited(args.threads):
            return train(args)

    return cli.exit_codes(run)()


if __name__ == "__main__":
    raise SystemExit(main())
