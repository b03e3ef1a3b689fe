"""The messages of MP6's runs."""

import math

from autograder.runner.protocol import Array, Blob, Layout
from smallnets.parts import PARTS, Part

N_PIXELS = 784
MOST_CODES = PARTS[3].max_bottleneck or 0  # numbers an image that may pass the bottleneck: our own limit
# numbers an image that are rebuilt all the same: 16 channels of 28x28, four times the handout's example of 16x14x14
MOST_REBUILT = 4 * 3136
MOST_MESSAGE = 4 * 2**20  # numbers of the codes of one net, all images together
MOST_NET = 8 * 2**20  # bytes of a stored net, which may hold more than its parameters
MOST_COUNTED = 3 * 2**20  # bytes of only its parameters


def fit_layout(part: Part, n_dev: int) -> Layout:
    """The result of a training: losses, predictions for the development set, the net, its parameters."""
    predictions = ("<i8", (n_dev,)) if part.n_classes else ("<f4", (n_dev, N_PIXELS))
    code: Layout = [] if part.n_classes else [Array("code shape", "<i8", (4,))]
    return [
        Array("losses", "<f8", (part.n_iter,)),
        Array("predictions", *predictions),
        Blob("problems", 2**16),
        Blob("net", MOST_NET),
        Blob("parameters", MOST_COUNTED),
        *code,
    ]


def width(code_shape: tuple[int, ...]) -> int:
    """The numbers of an image's code for which there is room: as many as the net has, if they are not too many.

    Never fewer than MOST_CODES, and what is no plausible shape gets these.
    """
    count = math.prod(code_shape)
    return count if min(code_shape, default=0) > 0 and MOST_CODES < count <= MOST_REBUILT else MOST_CODES


def evaluate_layout(n_images: dict[int, int], width: int) -> Layout:
    """The nets' results on images they were not trained on: outputs, or codes of `width` from the bottleneck.

    "fitted" is the net that fit returned, "saved" the net in the model file.
    """
    layout: list[Array | Blob] = [Blob("problems", 2**16)]
    for number, n in n_images.items():
        for which in ("fitted", "saved"):
            if n_classes := PARTS[number].n_classes:
                layout.append(Array(f"{which} {number}", "<f4", (n, n_classes)))
            else:
                # float16, so that a number cannot carry more, and padded to the largest size
                layout += [Array(f"{which} codes", "<f2", (n, width)), Array(f"{which} shape", "<i8", (4,))]
    return layout


def decode_layout(n_images: int) -> Layout:
    """The decoders' images from the codes."""
    images = [Array(which, "<f4", (n_images, N_PIXELS)) for which in ("fitted", "saved")]
    return [Blob("problems", 2**16), *images]


REFEREE_LAYOUT: Layout = [Blob("problems", 2**16), Blob("shapes", 2**16)]
