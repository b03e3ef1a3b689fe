"""The schema of Gradescope's results.json: our documents fit it, and each of its rules refuses one that breaks it."""

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest
from conftest import ROOT
from test_gradescope_results import REPORTS, document, through_json

SCHEMA = json.loads((ROOT / "autograder/reports/results_schema.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def validator() -> Any:
    jsonschema = pytest.importorskip("jsonschema", reason="the extra [dev] is not installed")
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    return jsonschema.Draft202012Validator(SCHEMA)


@pytest.mark.parametrize("name", REPORTS)
def test_a_document_fits_the_schema(name: str, validator: Any) -> None:
    assert [error.message for error in validator.iter_errors(through_json(document(name)))] == []


GOOD: dict[str, Any] = {
    "score": 1,
    "execution_time": 1.5,
    "tests": [{"score": 1, "max_score": 2, "status": "failed", "name": "n", "number": "1", "tags": ["t"]}],
    "leaderboard": [{"name": "n", "value": 1, "order": "asc"}, {"name": "n", "value": "***"}],
}
LONG = "x" * 100_001
MUTANTS: list[tuple[tuple[str | int, ...], Any]] = [
    ((), []),
    (("unknown",), 1),
    (("score",), "1"),
    (("score",), None),
    (("execution_time",), "0.12"),
    (("execution_time",), -1),
    (("output",), 1),
    (("output",), LONG),
    (("output_format",), "markdown"),
    (("test_output_format",), "pre"),
    (("test_name_format",), "TEXT"),
    (("visibility",), "shown"),
    (("stdout_visibility",), "none"),
    (("extra_data",), []),
    (("tests",), {}),
    (("tests", 0), 1),
    (("tests", 0, "unknown"), 1),
    (("tests", 0, "score"), "1"),
    (("tests", 0, "max_score"), None),
    (("tests", 0, "status"), "ok"),
    (("tests", 0, "name"), None),
    (("tests", 0, "name"), LONG),
    (("tests", 0, "name_format"), "plain"),
    (("tests", 0, "number"), 1.1),
    (("tests", 0, "number"), LONG),
    (("tests", 0, "output"), ["x"]),
    (("tests", 0, "output"), LONG),
    (("tests", 0, "output_format"), "rst"),
    (("tests", 0, "tags"), "t"),
    (("tests", 0, "tags", 0), 1),
    (("tests", 0, "tags", 0), LONG),
    (("tests", 0, "visibility"), ""),
    (("tests", 0, "extra_data"), "x"),
    (("leaderboard",), {}),
    (("leaderboard", 0), []),
    (("leaderboard", 0), {"name": "n"}),
    (("leaderboard", 0), {"value": 1}),
    (("leaderboard", 0, "unknown"), 1),
    (("leaderboard", 0, "name"), 1),
    (("leaderboard", 0, "name"), LONG),
    (("leaderboard", 0, "value"), None),
    (("leaderboard", 0, "value"), LONG),
    (("leaderboard", 0, "order"), "high"),
]
NO_SCORE: list[Any] = [{}, {"tests": []}, {"tests": [{"status": "passed"}]}]


def mutants() -> list[Any]:
    """Documents that each break one rule of the schema."""
    found = list(NO_SCORE)
    for path, value in MUTANTS:
        holder: Any = {"document": copy.deepcopy(GOOD)}
        place = holder
        for key in ("document", *path)[:-1]:
            place = place[key]
        place[("document", *path)[-1]] = value
        found.append(holder["document"])
    return found


def test_the_schema_refuses_every_mutant(validator: Any) -> None:
    assert validator.is_valid(GOOD)
    assert [mutant for mutant in mutants() if validator.is_valid(mutant)] == []


def test_each_rule_of_the_schema_refuses_some_mutant(validator: Any) -> None:
    bitten = set()
    for mutant in mutants():
        errors = list(validator.iter_errors(mutant))
        while errors:
            error = errors.pop()
            bitten.add((id(error.schema), error.validator))
            errors += error.context
    assert [rule for rule, name in rules(SCHEMA) if (id(rule), name) not in bitten] == []


def rules(schema: Any) -> Iterator[tuple[dict[str, Any], str]]:
    """(part of the schema, keyword) of everything that can refuse a document."""
    if isinstance(schema, list):
        for item in schema:
            yield from rules(item)
    if not isinstance(schema, dict):
        return
    for key, value in schema.items():
        if key in ("properties", "$defs"):
            for item in value.values():
                yield from rules(item)
        elif key not in ("$schema", "$ref", "title", "description", "default", "items"):
            yield schema, key
        if key in ("items", "anyOf"):  # what is inside `contains` is not named in errors
            yield from rules(value)
