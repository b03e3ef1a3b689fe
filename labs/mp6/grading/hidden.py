"""The hidden images of MP6."""

from pathlib import Path

from smallnets.data import course, fashion


def write(secret: bytes, folder: Path) -> None:
    """Write X_test_partK.npy and y_test_partK.npy: new images, made of Fashion-MNIST's 10,000 test images.

    Args:
        secret: at least 16 bytes, which decide draw and changes.

    Raises:
        ValueError, OSError: a secret that could be guessed; missing images.
    """
    course.write_hidden(*fashion.read_split("t10k"), secret, folder)
