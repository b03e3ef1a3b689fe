"""The hidden images of MP6."""

from pathlib import Path

from data.fashion_mnist import prepare
from smallnets.data import fashion
from smallnets.data.draws import secret_seed


def write(secret: bytes, folder: Path) -> None:
    """Write X_test_partK.npy and y_test_partK.npy, drawn from Fashion-MNIST's 10,000 test images.

    Args:
        secret: at least 16 bytes, which decide the draw.

    Raises:
        ValueError, OSError: a secret that could be guessed; missing images.
    """
    seed = secret_seed(secret, prepare.HIDDEN)
    prepare.write_splits(*fashion.read_split("t10k"), {"test": prepare.TEST}, seed, folder)
