"""What every registered checker promises, whatever it checks."""

import inspect
import json
import time
from pathlib import Path

import pytest

from solver.checkers import REGISTRY, CheckerError, checker_from_json, parse_checker, parse_checker_option
from solver.checkers.arithmetic import Arithmetic
from solver.checkers.choice import Choice
from solver.checkers.json_schema import JsonSchema
from solver.checkers.list import ListOf
from solver.checkers.number import Number
from solver.checkers.python_check import PythonCheck
from solver.checkers.regex import Regex
from solver.checkers.rubric import Rubric
from solver.checkers.set import SetOf
from solver.checkers.symbolic import Symbolic
from solver.checkers.unit_tests import UnitTests

EXAMPLES = [
    Arithmetic((3, 7, 12, 25), 58),
    Number("3.14", "0.01"),
    Choice(("A", "B", "C"), "B"),
    Choice(("yes", "no")),
    Number("5", "2%", "km"),
    Symbolic("x^2 + 1"),
    SetOf(("2", "3", "5")),
    ListOf(("a", "b")),
    Regex("[A-Z]{2}[0-9]{4}"),
    JsonSchema('{"type": "object"}'),
    UnitTests("assert add(1, 2) == 3"),
    PythonCheck("def check(answer):\n    return answer == '58'"),
    Rubric(("3: Names the two main causes", "2.5: Gives an example")),
]


HOSTILE = ["9^{9^{9^{9}}}", "(" * 100_000, "10**10**10", "factorial(10**9)", "9" * 100_000, "\0", "\ud800", "-" * 100_000,
           "".join(map(chr, range(32))), "1/" * 999 + "7", "99999*" * 333 + "1", "\\frac{" * 300]  # fmt: skip


@pytest.mark.parametrize("answer", HOSTILE)
@pytest.mark.parametrize("checker", EXAMPLES)
def test_hostile_answers_fail_fast(checker, answer):
    """An answer that asks for an endless computation gets its verdict at once, or none."""
    started = time.process_time()
    assert not checker.check(answer).passed
    checker.key(answer)
    assert time.process_time() - started < 1


@pytest.mark.parametrize("kind", REGISTRY)
def test_a_checker_is_one_module_with_a_test_file(kind):
    """The module is named after the kind, at most 250 lines long, and says what it checks."""
    path = Path(inspect.getfile(REGISTRY[kind]))
    assert (path.stem, REGISTRY[kind].kind) == (kind, kind)
    assert len(path.read_text().splitlines()) <= 250
    assert (Path(__file__).parent / f"test_{kind}.py").is_file()
    assert any(example.kind == kind for example in EXAMPLES)


def test_no_two_checkers_have_a_field_of_the_same_name():
    """The form holds the fields of all of them at once."""
    names = [field.name for each in REGISTRY.values() for field in each.form_fields]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("checker", EXAMPLES)
def test_a_checker_goes_into_json_and_into_the_form_and_back(checker):
    """What is kept with a job, and what stands in the form, make the same checker again."""
    assert checker_from_json(json.loads(json.dumps(checker.to_json()))) == checker
    assert parse_checker(checker.kind, problem="", fields=checker.to_fields()) == checker
    assert set(checker.to_fields()) == {field.name for field in checker.form_fields}


@pytest.mark.parametrize("checker", EXAMPLES)
def test_what_another_release_kept_is_read(checker):
    """A key that is not known is left out; a value that is missing is an error that says what to do."""
    assert checker_from_json({**checker.to_json(), "later": 1}) == checker
    with pytest.raises(CheckerError, match="lacks a value"):
        checker_from_json({"kind": checker.kind})


@pytest.mark.parametrize("kind", REGISTRY)
def test_the_examples_of_the_terminal_are_read(kind):
    """What the help of `--check` shows is understood as it stands."""
    for example in REGISTRY[kind].terminal_examples:
        assert parse_checker_option(example, problem="Use 3, 7, 12, 25 to make 58.").kind == kind


@pytest.mark.parametrize("checker", EXAMPLES)
def test_every_verdict_is_a_sentence(checker):
    """Right, wrong or undecided, a person can read why."""
    for answer in ("", "58", "7*3+12+25", "B", r"\pi", "yes", "3.14"):
        verdict = checker.check(answer)
        assert verdict.checker == checker.kind
        assert verdict.detail.endswith(".")
        assert verdict.passed in {True, False, None}
    assert not checker.describe().endswith(".")
    assert checker.hint().endswith(".")


def test_an_unknown_kind_is_refused():
    """A checker that this version does not know is an error that lists the known ones."""
    with pytest.raises(
        CheckerError,
        match=r"Unknown checker “magic”\. Choose none, number, choice, symbolic, set, list, regex, json_schema, ",
    ):
        checker_from_json({"kind": "magic"})
    assert checker_from_json({}) is None
