"""The tables of mistakes in the NumPy lab, Beras and BatchNorm: what each costs; the labs' slow tests grade them."""

import pytest
from mutants import beras
from test_batchnorm_grading import MUTANTS as BATCHNORM
from test_numpy_to_cnn_grading import LOSSES as NUMPY

from autograder import registry

NOT_TO_JUDGE = {"no forward", "per sample instead of per channel"}  # the layer is missing, or raises in training
COSTS = {
    "numpy_to_cnn": {name: numbers for name, (numbers, _) in NUMPY.items()},
    "beras": {name: {number} for name, (_, _, number, _) in beras.MUTANTS.items()},
    "batchnorm": {name: numbers for name, (_, numbers, _) in BATCHNORM.items() if name not in NOT_TO_JUDGE},
}
TWO = {"unsigned labels wrap", "running statistics in training"}  # mistakes in forward that backward shares


@pytest.mark.parametrize("name", COSTS)
def test_one_mistake_costs_one_check_and_at_most_15_points(name: str) -> None:
    points = {check.number: check.points for check in registry.load(name).checks}
    for mistake, numbers in COSTS[name].items():
        assert len(numbers) == (2 if mistake in TWO else 1), mistake
        assert sum(points[number] for number in numbers) <= 15, mistake
