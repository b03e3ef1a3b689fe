"""The message that a training hands back, for both ends."""

from autograder.runner.protocol import Array, Blob, Layout

CLASSES = 10


def layout(n: int) -> Layout:
    """Of the predictions on n images, and what went wrong."""
    return [Array("predictions", "<u1", (n,)), Blob("problems", 2**15)]
