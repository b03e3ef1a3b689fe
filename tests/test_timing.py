"""What all speed programs measure with: turns that alternate, medians with their range, processes."""

import subprocess

import pytest

from records import timing


def test_a_spread_is_median_least_and_greatest() -> None:
    found = timing.spread([3.0, 1.0, 2.0])
    assert found == (2.0, 1.0, 3.0)
    assert found.text() == "2.00 (1.00-3.00)" and found.text(1, " s") == "2.0 s (1.0-3.0)"


def test_ratios_are_taken_within_each_round() -> None:
    # a round in which all was ten times slower changes no ratio
    assert timing.ratios([2.0, 20.0, 4.0], [1.0, 10.0, 1.0]) == (2.0, 2.0, 4.0)
    with pytest.raises(ValueError):
        timing.ratios([1.0], [1.0, 2.0])


def test_sides_take_turns_and_each_round_gives_a_figure() -> None:
    called: list[str] = []

    def side(name: str) -> int:
        called.append(name)
        return len(called)

    sides = [lambda: side("a"), lambda: side("b")]
    assert timing.in_turns(sides, 3) == [[1, 3, 5], [2, 4, 6]] and "".join(called) == "ababab"
    called.clear()
    assert (
        timing.in_rounds(sides, 2, 2, lambda found: sum(found)) == [[4, 12], [6, 14]] and "".join(called) == "abababab"
    )


def test_a_process_that_fails_is_no_measurement() -> None:
    assert timing.process_seconds("-S", "-c", "import os; assert os.environ['GIVEN'] == '1'", env={"GIVEN": "1"}) > 0
    with pytest.raises(subprocess.CalledProcessError):
        timing.process_seconds("-S", "-c", "raise SystemExit(3)")


def test_the_peak_of_memory_is_read_from_what_the_kernel_says() -> None:
    assert timing.peak_megabytes("Name:\tpython\nVmPeak:\t  90000 kB\nVmHWM:\t   20480 kB\nVmRSS:\t 100 kB\n") == 20.0
