"""The messages of MP6's runs."""

import math

from autograder.runner.protocol import Array, Blob, Layout
from smallnets.parts import PARTS, Part

N_PIXELS = 784
MOST_CODES = PARTS[3].max_bottleneck or 0  # numbers an image that may pass the bottleneck: our own limit
# numbers an image that are rebuilt all the same: 16 channels of 28x28, four times the handout's example of 16x14x14
MOST_REBUILT = 4 * 3136
MOST_MESSAGE = 4 * 2**20  # numbers of the codes of one net, all images together
NUMBER, BESIDE = 4, 2**16  # bytes of a parameter, and of all else that a net may need: names, buffers, other attributes
FORMS = ("divided by 255", "scaled to -1 to 1", "standardised", "standardised by pixel")  # of images, in fit
PROBLEMS, SHAPES = Blob("problems", 2**16), Blob("shapes", 2**14)


def most_stored(part: Part) -> int:
    """The bytes that a net may be stored in: four for each parameter that the part allows, and 64 KB; 4 MB in part 3.

    The net is rebuilt from these bytes in another process, so it has no more parameters than fit into them.
    """
    return 4 * 2**20 if part.max_parameters is None else NUMBER * part.max_parameters + BESIDE


def most_judged(part: Part) -> int:
    """The bytes of a net that is run at all: one that is too large for its part loses the check of parameters alone."""
    return 8 * 2**20 if part.n_classes else most_stored(part)


def fit_layout(part: Part, n_dev: int) -> Layout:
    """The result of a training: losses, predictions for the development set, the net, its parameters' shapes."""
    predictions = ("<i8", (n_dev,)) if part.n_classes else ("<f4", (n_dev, N_PIXELS))
    code: Layout = [] if part.n_classes else [Array("code shape", "<i8", (4,))]
    return [
        Array("losses", "<f8", (part.n_iter,)),
        Array("predictions", *predictions),
        PROBLEMS,
        Blob("net", most_judged(part)),
        SHAPES,
        *code,
    ]


def width(code_shape: tuple[int, ...]) -> int:
    """The numbers of an image's code for which there is room: as many as the net has, if they are not too many.

    Never fewer than MOST_CODES, and what is no plausible shape gets these.
    """
    count = math.prod(code_shape)
    return count if min(code_shape, default=0) > 0 and MOST_CODES < count <= MOST_REBUILT else MOST_CODES


def outputs_layout(n_images: dict[int, int], width: int) -> Layout:
    """Nets' results on images they were not trained on, by part: outputs, or codes of `width` from the bottleneck."""
    layout: list[Array | Blob] = [PROBLEMS]
    for number, n in n_images.items():
        if n_classes := PARTS[number].n_classes:
            layout.append(Array(f"outputs {number}", "<f4", (n, n_classes)))
        else:
            # padded to the largest size
            layout += [Array("codes", "<f2", (n, width)), Array("shape", "<i8", (4,))]
    return layout


def decode_layout(n_images: int) -> Layout:
    """A decoder's images from the codes."""
    return [PROBLEMS, Array("images", "<f4", (n_images, N_PIXELS))]
