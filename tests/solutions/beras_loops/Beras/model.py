from abc import ABC, abstractmethod
from collections import defaultdict

import numpy as np

from .core import Diffable


def print_stats(stat_dict, b=None, b_num=None, e=None, avg=False):
    title = " - " if e is None else f" - Epoch {e + 1:2}: "
    if b is not None:
        title += f"Batch {b + 1:3}" + ("" if b_num is None else f"/{b_num}")
    op = np.mean if avg else lambda x: x
    print(f"\r{title} : { ({k: np.round(op(v), 4) for k, v in stat_dict.items()}) }", end="" if not avg else "\n")


def update_metric_dict(super_dict, sub_dict):
    for k, v in sub_dict.items():
        super_dict[k] += [v]


class Model(ABC):
    def __init__(self, layers):
        assert all(isinstance(layer, Diffable) for layer in layers)
        self.layers = layers
        self.trainable_variables = []
        for layer in layers:
            if hasattr(layer, "weights") and layer.trainable:
                self.trainable_variables += [weight for weight in layer.weights]

    def compile(self, optimizer, loss_fn, acc_fn):
        self.optimizer = optimizer
        self.compiled_loss = loss_fn
        self.compiled_acc = acc_fn

    def fit(self, x, y, epochs, batch_size):
        agg_metrics: dict = defaultdict(lambda: [])
        batch_num = x.shape[0] // batch_size
        for e in range(epochs):
            epoch_metrics: dict = defaultdict(lambda: [])
            for b, b1 in enumerate(range(batch_size, x.shape[0] + 1, batch_size)):
                b0 = b1 - batch_size
                batch_metrics = self.batch_step(x[b0:b1], y[b0:b1], training=True)
                update_metric_dict(epoch_metrics, batch_metrics)
                print_stats(batch_metrics, b, batch_num, e)
            update_metric_dict(agg_metrics, {k: np.mean(v) for k, v in epoch_metrics.items()})
            print_stats(epoch_metrics, e=e, avg=True)
        return agg_metrics

    def evaluate(self, x, y, batch_size):
        agg_metrics: dict = defaultdict(lambda: [])
        for b0 in range(0, x.shape[0], batch_size):
            b1 = b0 + batch_size
            update_metric_dict(agg_metrics, self.batch_step(x[b0:b1], y[b0:b1], training=False))
        print_stats(agg_metrics, avg=True)
        return agg_metrics

    @abstractmethod
    def call(self, inputs):
        pass

    @abstractmethod
    def batch_step(self, x, y, training=True):
        pass
