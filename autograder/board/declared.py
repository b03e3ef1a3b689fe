"""What a lab declares of its board: its columns, and the one by which rows are ranked."""

import dataclasses

from autograder.lab import Column, Lab, Ranking


def checked(lab: Lab) -> Lab:
    """The lab itself.

    Raises:
        ValueError: no board can be made of it.
    """
    names, ranking = [column.name for column in lab.columns], lab.ranking
    if not names:
        fields = "columns=(Column(...), ...) and, for places, ranking=Ranking(column=...)"
        raise ValueError(f"expected {lab.name} to declare {fields}, see autograder/lab.py; got no columns")
    wanted = [name for name in (ranking.column, ranking.final) if name] if ranking else []
    if any(name not in names for name in wanted):
        raise ValueError(f"expected {lab.name} to declare the columns of its board, {wanted}, got {names}")
    numbers = [check.number for check in lab.checks]
    if ranking and not set(ranking.rules) <= set(numbers):
        raise ValueError(f"expected rules of {lab.name} to be numbers of its checks, got {', '.join(ranking.rules)}")
    return lab


def ranked_by(lab: Lab, name: str) -> Lab:
    """The lab with its rows ranked by another of its columns, without the rules and points of its own ranking.

    Raises:
        ValueError: no such column, or the lab's own ranking keeps hidden labels from being guessed.
    """
    names, own = [column.name for column in lab.columns], lab.ranking
    if own and name == own.column:
        return lab
    if own and (own.final or own.step):
        raise ValueError(f"expected {own.column}, as the ranking of {lab.name} protects hidden labels, got {name}")
    if name not in names:
        raise ValueError(f"expected a column of {lab.name}, one of {', '.join(names)}, got {name}")
    limits = own or Ranking
    ranking = Ranking(name, ties=True, uploads=limits.uploads, cool_down=limits.cool_down)
    return dataclasses.replace(lab, ranking=ranking)


def columns(lab: Lab, final: bool) -> list[Column]:
    """The columns that are shown; the deciding one comes first."""
    first = deciding(lab, final).name
    hidden = lab.ranking.final if lab.ranking and not final else ""
    return sorted((column for column in lab.columns if column.name != hidden), key=lambda column: column.name != first)


def deciding(lab: Lab, final: bool) -> Column:
    """The column by which rows are ranked."""
    if lab.ranking is None:
        return lab.columns[0]
    name = (lab.ranking.final if final else "") or lab.ranking.column
    return next(column for column in lab.columns if column.name == name)
