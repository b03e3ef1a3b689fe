"""What MP6's handout fixes for each of its three parts: for the driver, and for the grader, which imports no torch."""

from dataclasses import dataclass

MAX_ITER = 50  # of the driver, unless it is told otherwise


@dataclass(frozen=True)
class Part:
    """One part.

    Args:
        rounds: fit makes rounds * max_iter iterations.
        n_classes: 0 where images are reconstructed.
        divisor: fit gets pixels / divisor.
        threshold: the handout's least accuracy or greatest MSE; None where it names none.
        max_bottleneck: numbers an image between encoder and decoder; None where there is no bottleneck.
    """

    number: int
    rounds: int
    n_classes: int
    divisor: float
    threshold: float | None
    max_parameters: int | None
    max_bottleneck: int | None

    @property
    def module(self) -> str:
        """The student's module."""
        return f"neuralnet_p{self.number}"

    @property
    def model(self) -> str:
        """The student's saved net."""
        return f"net_p{self.number}.model"

    def of_budget(self, count: int, n_classes: int = 0) -> str:
        """A number of parameters against the handout's, such as " of at most 500,000: ok"; "" where it names none.

        Args:
            n_classes: of the data, if they are others than the handout's.
        """
        if self.max_parameters is None:
            return ""
        exact = self.number == 1  # the layers of part 1 are fixed
        # its number in the handout is for three classes; each more has 128 weights and a bias
        budget = self.max_parameters + (129 * (n_classes - self.n_classes) if exact and n_classes else 0)
        verdict = "TOO MANY" if count > budget else "TOO FEW" if count < budget and exact else "ok"
        layers = f", as part 1 is 784 -> 128 -> {n_classes or self.n_classes}" if exact and count != budget else ""
        return f" of {'exactly' if exact else 'at most'} {budget:,}: {verdict}{layers}"

    @property
    def n_iter(self) -> int:
        """Iterations of fit, with the driver's own max_iter."""
        return self.rounds * MAX_ITER


PARTS = {
    part.number: part
    for part in (
        Part(1, 1, 3, 1.0, None, 100_867, None),
        Part(2, 2, 5, 1.0, 0.73, 500_000, None),
        Part(3, 2, 0, 255.0, 0.03, None, 196),
    )
}
