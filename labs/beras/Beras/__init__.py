"""A mimic of Keras in NumPy: layers that know their derivatives, and a tape that chains them."""

from .core import Callable, Diffable, GradientTape
from .model import History, Model, print_stats, update_metric_dict

__all__ = ["Callable", "Diffable", "GradientTape", "History", "Model", "print_stats", "update_metric_dict"]
