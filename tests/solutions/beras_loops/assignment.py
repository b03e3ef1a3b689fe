from types import SimpleNamespace

import Beras
import numpy as np
from Beras.activations import LeakyReLU, Softmax
from Beras.layers import Dense
from Beras.losses import MeanSquaredError
from Beras.metrics import CategoricalAccuracy
from Beras.onehot import OneHotEncoder
from Beras.optimizers import Adam, BasicOptimizer
from preprocess import get_data_MNIST
from visualize import visualize_metrics


class SequentialModel(Beras.Model):
    def call(self, inputs):
        x = np.copy(inputs)
        for layer in self.layers:
            x = layer(x)
        return x

    def batch_step(self, x, y, training=True):
        tape = Beras.GradientTape()
        if training:
            Beras.Diffable.gradient_tape = tape
        y_pred = self.call(x)
        loss = self.compiled_loss(y_pred, y) if training else self.compiled_loss.forward(y_pred, y)
        if training:
            Beras.Diffable.gradient_tape = None
            self.optimizer.apply_gradients(self.trainable_variables, tape.gradient())
        return {"loss": loss, "acc": self.compiled_acc.forward(y_pred, y)}


def get_simple_model_components():
    model = SequentialModel([Dense(784, 10), Softmax()])
    model.compile(BasicOptimizer(0.02), loss_fn=MeanSquaredError(), acc_fn=CategoricalAccuracy())
    return SimpleNamespace(model=model, epochs=10, batch_size=100)


def get_advanced_model_components():
    model = SequentialModel([Dense(784, 100), LeakyReLU(0.01), Dense(100, 10)])
    model.compile(Adam(0.003), loss_fn=MeanSquaredError(), acc_fn=CategoricalAccuracy())
    return SimpleNamespace(model=model, epochs=1, batch_size=100)


if __name__ == "__main__":
    train_inputs, train_labels = get_data_MNIST("train", "../data")
    test_inputs, test_labels = get_data_MNIST("test", "../data")
    ohe = OneHotEncoder()
    arg_comps = get_advanced_model_components()
    history = arg_comps.model.fit(train_inputs, ohe(train_labels), arg_comps.epochs, arg_comps.batch_size)
    visualize_metrics(history["loss"], history["acc"])
    print("Testing Performance:", dict(arg_comps.model.evaluate(test_inputs, ohe(test_labels), batch_size=100)))
