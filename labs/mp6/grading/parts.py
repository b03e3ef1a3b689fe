"""What handout and contract fix for each part of MP6, and the messages of its runs."""

import dataclasses

from autograder.runner.protocol import Array, Blob, Layout

N_PIXELS = 784
MOST_CODES = 196  # numbers an image that may pass the bottleneck (contract, part 3)
MOST_NET = 8 * 2**20  # bytes of a stored net, which may hold more than its parameters
MOST_COUNTED = 3 * 2**20  # bytes of its parameters alone


@dataclasses.dataclass(frozen=True)
class Part:
    """One part: its file, how long fit trains, what it predicts and how its pixels are scaled."""

    number: int
    n_iter: int
    n_classes: int  # 0: images are reconstructed
    divisor: float
    most_parameters: int | None

    @property
    def module(self) -> str:
        """The student's module."""
        return f"neuralnet_p{self.number}"

    @property
    def model(self) -> str:
        """The student's saved net."""
        return f"net_p{self.number}.model"


PARTS = {1: Part(1, 50, 3, 1.0, 100_867), 2: Part(2, 100, 5, 1.0, 500_000), 3: Part(3, 100, 0, 255.0, None)}


def fit_layout(part: Part, n_dev: int) -> Layout:
    """What comes back of a training: losses, predictions for the development set, the net, its parameters."""
    predictions = ("<i8", (n_dev,)) if part.n_classes else ("<f4", (n_dev, N_PIXELS))
    return [
        Array("losses", "<f8", (part.n_iter,)),
        Array("predictions", *predictions),
        Blob("problems", 2**16),
        Blob("net", MOST_NET),
        Blob("parameters", MOST_COUNTED),
    ]


def evaluate_layout(n_images: dict[int, int]) -> Layout:
    """What nets make of images they were not trained on: outputs, or what passes the bottleneck.

    "fitted" is the net that fit returned, "saved" the one that was handed in.
    """
    layout: list[Array | Blob] = [Blob("problems", 2**16)]
    for number, n in n_images.items():
        for which in ("fitted", "saved"):
            if n_classes := PARTS[number].n_classes:
                layout.append(Array(f"{which} {number}", "<f4", (n, n_classes)))
            else:
                # in float16, so that no number carries more than it should, and padded to the most there may be
                layout += [Array(f"{which} codes", "<f2", (n, MOST_CODES)), Array(f"{which} shape", "<i8", (4,))]
    return layout


def decode_layout(n_images: int) -> Layout:
    """What the decoders make of the codes."""
    images = [Array(which, "<f4", (n_images, N_PIXELS)) for which in ("fitted", "saved")]
    return [Blob("problems", 2**16), *images]


REFEREE_LAYOUT: Layout = [Blob("problems", 2**16), Blob("shapes", 2**16)]
