"""Places, points and shown values: as declared; ties: the earlier upload first; nothing gained by probing."""

import dataclasses
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scoreboard import LAB, RANKING

from autograder.board import rows
from autograder.board.declared import checked, columns, ranked_by
from autograder.board.estimates import climbed, wilson
from autograder.board.ranking import Entry, Row, ranked
from autograder.lab import Column, Lab, Ranking

PLAIN = dataclasses.replace(LAB, ranking=None)


def entry(
    who: str, received: float, public: float, final: float = 0.0, late: bool = False, kind: str = "student"
) -> Entry:
    return Entry(who, who, received, {"accuracy": public, "final accuracy": final}, late, kind, int(received))


def people(found: list[Row]) -> list[tuple[str, int | None, float | None, float | None]]:
    """(who, place, value of the first column, points), without the rows of nobody."""
    return [(r.key, r.place, next(iter(r.values.values()), None), r.points) for r in found if not r.key.startswith("-")]


def test_places_go_by_the_column_and_points_by_place() -> None:
    found = ranked(
        LAB, [entry("a", 1, 0.7), entry("b", 2, 0.9), entry("c", 3, 0.8), entry("d", 4, 0.6), entry("e", 5, 0.4)]
    )
    assert people(found) == [("b", 1, 0.9, 10), ("c", 2, 0.8, 9), ("a", 3, 0.7, 8), ("d", 4, 0.6, 8), ("e", 5, 0.4, 0)]


def test_of_equals_the_earlier_comes_first_and_equal_is_what_the_board_shows() -> None:
    found = ranked(LAB, [entry("late riser", 2, 0.9041), entry("early bird", 1, 0.9), entry("third", 3, 0.9049)])
    assert [row.key for row in found][:3] == ["early bird", "late riser", "third"]


def test_low_is_better_where_the_column_says_so() -> None:
    column = Column("accuracy", (), LAB.columns[0].value, "low")
    lab = dataclasses.replace(LAB, columns=(column, LAB.columns[1]))
    found = ranked(lab, [entry("a", 1, 0.3), entry("b", 2, 0.2), entry("b", 3, 0.4), entry("c", 4, 0.7)])
    assert people(found) == [("b", 1, 0.2, 10), ("a", 2, 0.3, 9), ("c", 3, 0.7, 0)]
    assert [head.rising for head in rows.heads(lab, False) if head.key == "column0"] == [True]


def test_a_student_stands_for_the_upload_that_climbed_last() -> None:
    uploads = [entry("a", 1, 0.8), entry("a", 2, 0.85), entry("a", 3, 0.855), entry("a", 4, 0.2)]
    (row,) = [row for row in ranked(LAB, uploads) if row.key == "a"]
    assert (row.values["accuracy"], row.number) == (0.85, 2)


def test_the_end_is_decided_by_the_final_column_of_the_same_upload() -> None:
    # a's third upload has the best final value, but it did not count for a: the final data choose no upload
    uploads = [
        entry("a", 1, 0.80, 0.70),
        entry("a", 2, 0.90, 0.71),
        entry("a", 3, 0.905, 0.99),
        entry("b", 4, 0.85, 0.84),
    ]
    assert people(ranked(LAB, uploads)) == [("a", 1, 0.9, 10), ("b", 2, 0.85, 9)]
    assert people(ranked(LAB, uploads, final=True)) == [("b", 1, 0.84, 10), ("a", 2, 0.71, 9)]
    assert [column.name for column in columns(LAB, False)] == ["accuracy"]
    assert [column.name for column in columns(LAB, True)] == ["final accuracy", "accuracy"]


def test_before_the_end_no_row_has_the_final_column() -> None:
    assert all("final accuracy" not in row.values for row in ranked(LAB, [entry("a", 1, 0.9, 0.8)]))


def test_late_uploads_take_no_place_and_count_only_for_who_has_no_points() -> None:
    uploads = [
        entry("on time", 1, 0.6), entry("on time", 9, 0.99, late=True),
        entry("too weak", 2, 0.3), entry("too weak", 8, 0.8, late=True),
        entry("only late", 7, 0.7, late=True),
    ]  # fmt: skip
    assert people(ranked(LAB, uploads)) == [
        ("too weak", None, 0.8, 4), ("only late", None, 0.7, 4), ("on time", 1, 0.6, 10),
    ]  # fmt: skip


def test_baselines_chance_and_the_least_for_points_have_rows_without_a_place() -> None:
    found = ranked(LAB, [entry("a", 1, 0.8), entry("ours", 2, 0.9, kind="baseline")])
    assert [(row.name, row.place, row.points) for row in found] == [
        ("ours", None, None), ("a", 1, 10), ("least for points", None, None), ("random guess", None, None),
    ]  # fmt: skip


def test_without_a_ranking_all_columns_decide_in_their_order() -> None:
    uploads = [entry("a", 3, 0.9, 0.1), entry("b", 2, 0.9, 0.5), entry("c", 1, 0.9, 0.5), entry("a", 4, 0.2, 0.9)]
    assert people(ranked(PLAIN, uploads)) == [("c", 1, 0.9, None), ("b", 2, 0.9, None), ("a", 3, 0.9, None)]
    without = Entry("d", "d", 5, {"final accuracy": 1.0})
    assert "d" not in [row.key for row in ranked(PLAIN, [*uploads, without])]


FIELDS = r"to declare columns=\(Column\(\.+\), \.+\) .*ranking=Ranking\(column=\.+\), see autograder/lab\.py"


@pytest.mark.parametrize(("lab", "words"), [
    (dataclasses.replace(LAB, columns=()), FIELDS),
    (dataclasses.replace(PLAIN, columns=()), FIELDS),
    (dataclasses.replace(LAB, ranking=dataclasses.replace(RANKING, final="no such")), "the columns of its board"),
    (dataclasses.replace(LAB, ranking=dataclasses.replace(RANKING, rules=("9.9",))), "to be numbers of its checks"),
], ids=["a ranking without columns", "no columns at all", "another column", "a rule that is no check"])  # fmt: skip
def test_a_board_that_cannot_be_made_says_which_field_the_lab_has_to_declare(lab: Lab, words: str) -> None:
    with pytest.raises(ValueError, match=f"expected .*{words}"):
        checked(lab)


RULED = dataclasses.replace(LAB, ranking=dataclasses.replace(RANKING, rules=("1.1", "1.2"), ties=True))


def noted(entry: Entry, *broken: str, review: bool = False) -> Entry:
    return dataclasses.replace(entry, broken=broken, review=review)


def test_an_upload_that_breaks_a_rule_or_copies_another_gets_no_place_and_takes_none() -> None:
    uploads = [
        noted(entry("too big", 1, 0.95), "1.1", "1.2"), noted(entry("copy", 2, 0.9), review=True), entry("a", 3, 0.8),
        entry("b", 4, 0.7), noted(entry("b", 5, 0.99), "1.2"),
    ]  # fmt: skip
    found = ranked(RULED, uploads)
    assert people(found) == [
        ("too big", None, 0.95, 0), ("copy", None, 0.9, 0), ("a", 1, 0.8, 10), ("b", 2, 0.7, 9),
    ]  # fmt: skip
    shown = [rows.line(RULED, row, False) for row in found]
    assert [line.cells[0].text for line in shown][:4] == ["rules 1.1, 1.2", "review", "1", "2"]
    assert shown[0].kind == "out"


def test_a_broken_rule_is_said_where_there_is_no_value_at_all() -> None:
    without = Entry("long", "long", 3, {"final accuracy": 0.9}, broken=("1.1",), number=3)
    assert people(ranked(RULED, [without, entry("a", 1, 0.8)])) == [("a", 1, 0.8, 10), ("long", None, None, None)]


def test_rows_that_the_images_cannot_tell_apart_share_a_place() -> None:
    # on 500 images the interval of 0.80 is 0.763 to 0.833, and that of 0.76 is 0.721 to 0.795
    values = [("a", 0.8), ("b", 0.79), ("c", 0.77), ("d", 0.76), ("e", 0.73), ("f", 0.6)]
    uploads = [entry(who, at, value) for at, (who, value) in enumerate(values)]
    found = [row for row in ranked(RULED, uploads) if row.place]
    assert [(row.key, row.place, row.points) for row in found] == [
        ("a", 1, 10), ("b", 1, 10), ("c", 1, 10), ("d", 4, 8), ("e", 4, 8), ("f", 6, 8),
    ]  # fmt: skip
    places = [rows.line(RULED, row, False).cells[0] for row in found]
    assert [place.text for place in places] == ["1=", "1=", "1=", "4=", "4=", "6"]
    assert rows.ordinal(places[3].text) == "4th, tied with others"
    assert [row.place for row in ranked(LAB, uploads) if row.place] == [1, 2, 3, 4, 5, 6]  # not declared


def test_staff_may_rank_by_another_column_unless_that_gave_labels_away() -> None:
    other = Column("seconds", (), LAB.columns[0].value, "low")
    open_lab = dataclasses.replace(PLAIN, columns=(*PLAIN.columns, other), ranking=Ranking("accuracy", rules=("1.1",)))
    chosen = ranked_by(open_lab, "seconds")
    assert chosen.ranking == Ranking("seconds", ties=True) and ranked_by(open_lab, "accuracy") == open_lab
    uploads = [Entry(who, who, at, {"accuracy": 0.9, "seconds": at}, number=at) for at, who in enumerate("ba")]
    assert people(ranked(chosen, uploads)) == [("b", 1, 0, None), ("a", 2, 1, None)]
    for lab, name, words in (
        (open_lab, "speed", "expected a column of toy, one of accuracy, final accuracy, seconds, got speed"),
        (LAB, "final accuracy", "protects hidden labels"),
    ):
        with pytest.raises(ValueError, match=words):
            ranked_by(lab, name)


def test_mp6_ranks_by_part_2_with_rules_and_ties() -> None:
    from labs.mp6.grading.declaration import LAB as MP6

    checks = {check.number: check.tags for check in MP6.checks}
    ranking = checked(MP6).ranking
    assert ranking is not None and ranking.ties
    assert [checks[number] for number in ranking.rules] == [
        ("returns",), ("batches",), ("independent",), ("parameters",)
    ]  # fmt: skip

    def of(who: str, at: int, part1: float, part2: float) -> Entry:
        return Entry(who, who, at, {"part 1 accuracy": part1, "part 2 accuracy": part2}, number=at)

    found = ranked(MP6, [of("a", 1, 0.986, 0.70), of("b", 2, 0.984, 0.85), of("c", 3, 0.98, 0.84)])
    assert [(row.key, row.place, row.tied) for row in found] == [("b", 1, True), ("c", 1, True), ("a", 3, False)]
    assert "Points" not in [head.title for head in rows.heads(MP6, False)]


@given(st.permutations([entry(who, at, value) for at, (who, value) in enumerate(
    [("a", 0.81), ("b", 0.81), ("a", 0.9), ("c", 0.2), ("b", 0.93), ("c", 0.55)])]))  # fmt: skip
def test_the_order_in_which_grades_arrive_does_not_matter(uploads: list[Entry]) -> None:
    assert people(ranked(LAB, uploads)) == [("b", 1, 0.93, 10), ("a", 2, 0.9, 9), ("c", 3, 0.55, 8)]


def test_the_ladder_shows_steps_alone() -> None:
    assert climbed([0.5, 0.503, 0.512, 0.51, 0.2, 0.568], 0.01) == [0.5, None, 0.51, None, None, 0.57]
    assert climbed([0.5, 0.503, 0.4], 0.0) == [0.5, 0.503, None]
    assert climbed([0.5, 0.498, 0.47], 0.01, "low") == [0.5, None, 0.47]
    assert climbed([], 0.01) == []


@given(st.lists(st.floats(0, 1)), st.sampled_from([0.0, 0.01, 0.05]))
def test_the_ladder_never_falls_and_stays_within_a_step_of_the_best(values: list[float], step: float) -> None:
    shown = [value for value in climbed(values, step) if value is not None]
    assert shown == sorted(shown)
    if values:
        assert abs(shown[-1] - max(values)) <= 1.5 * step + 1e-9


@pytest.mark.parametrize(("step", "least", "most"), [(0.0, 0.7, 1.0), (0.01, 0.0, 0.6)])
def test_the_board_cannot_be_climbed_by_probing(step: float, least: float, most: float) -> None:
    """500 random answers on 1,000 images of two classes, each voting with the weight that the board gives it."""
    rng = np.random.default_rng(0)
    labels, guesses = rng.integers(0, 2, 1000), rng.integers(0, 2, (500, 1000))
    shares = (guesses == labels).mean(1)
    # without the ladder every value is told; with it a step up or nothing
    told = shares if step == 0 else np.array([value or 0.5 for value in climbed([0.5, *shares], step)[1:]])
    votes = (told - 0.5) @ (2 * guesses - 1)
    assert least < ((votes > 0) == labels).mean() < most


def test_wilson_has_the_values_of_the_literature() -> None:
    # Newcombe, Statistics in Medicine 17, 1998, p. 857, table I, method 3
    known = ((81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0, 0.1611), (1, 29, 0.0061, 0.1718))
    for hits, n, low, high in known:
        assert wilson(hits / n, n) == pytest.approx((low, high), abs=5e-5)
    for share, n in ((1.1, 10), (math.nan, 10), (0.5, 0)):
        with pytest.raises(ValueError, match="expected a share"):
            wilson(share, n)


def test_rows_are_sorted_as_asked_for_and_what_has_no_value_comes_last() -> None:
    heads = rows.heads(LAB, False)
    lines = [
        rows.line(LAB, row, False) for row in ranked(LAB, [entry("b", 1, 0.7), entry("a", 2, 0.9), entry("c", 3, 0.7)])
    ]
    for sort, order in (
        ("name", ["a", "b", "c", "least for points", "random guess"]),
        ("-name", ["random guess", "least for points", "c", "b", "a"]),
        ("column0", ["random guess", "least for points", "b", "c", "a"]),
        ("-points", ["a", "b", "c", "least for points", "random guess"]),
        ("time", ["b", "a", "c", "least for points", "random guess"]),
        ("-time", ["c", "a", "b", "least for points", "random guess"]),
        ("place", ["a", "b", "c", "least for points", "random guess"]),
        ("-place", ["a", "b", "c", "least for points", "random guess"]),
        ("'; DROP TABLE", ["a", "b", "c", "least for points", "random guess"]),
    ):
        found, now = rows.arranged(lines, heads, sort)
        assert [line.cells[1].text for line in found] == order, sort
        assert now == (sort if sort.lstrip("-") in {"name", "column0", "points", "time"} else "place")


def test_places_are_told_as_words_of_an_order() -> None:
    told = {place: rows.ordinal(str(place)) for place in (1, 2, 3, 4, 11, 12, 13, 21, 102, 111)}
    assert list(told.values()) == ["1st", "2nd", "3rd", "4th", "11th", "12th", "13th", "21st", "102nd", "111th"]
    assert rows.ordinal("late") == "late"
