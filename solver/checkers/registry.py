"""The checkers by kind. Adding one: a module, a test file of the same name, a line here."""

from collections.abc import Mapping, Sequence
from typing import Any

from solver.checkers.arithmetic import Arithmetic
from solver.checkers.base import MAX_FIELD_CHARS, BaseChecker, CheckerError
from solver.checkers.choice import Choice
from solver.checkers.json_schema import JsonSchema
from solver.checkers.list import ListOf
from solver.checkers.number import Number
from solver.checkers.python_check import PythonCheck
from solver.checkers.recognise import ProblemKind, guess_kind
from solver.checkers.recognise_result import guess_result
from solver.checkers.regex import Regex
from solver.checkers.rubric import Rubric
from solver.checkers.set import SetOf
from solver.checkers.symbolic import Symbolic
from solver.checkers.unit_tests import UnitTests
from solver.core.problem.attached import AttachedFile, pictures_of, with_files
from solver.core.problem.earlier import Earlier, with_context
from solver.core.problem.result_kind import ResultKind
from solver.core.problem.statement import Problem

REGISTRY: dict[str, type[BaseChecker]] = {
    checker.kind: checker
    for checker in (
        *(Number, Choice, Symbolic, SetOf, ListOf, Regex, JsonSchema, Arithmetic),
        *(UnitTests, PythonCheck, Rubric),
    )
}
"""In the order of the form."""


def checker_from_json(data: Mapping[str, Any] | None) -> BaseChecker | None:
    """Return a checker from its JSON, None from nothing. Raises CheckerError for one that this release can't read."""
    if not data:
        return None
    return _of_kind(str(data.get("kind"))).from_json(data)


def parse_checker(kind: str, *, problem: str, fields: Mapping[str, str]) -> BaseChecker | None:
    """Return the checker of a filled-in form, None for no checker. Raises CheckerError."""
    if kind in {"", "none"}:
        return None
    checker = _of_kind(kind)
    given = {each.name: str(fields.get(each.name) or "").strip() for each in checker.form_fields}
    for each in checker.form_fields:
        most = max(MAX_FIELD_CHARS, each.max_chars)
        if len(given[each.name]) > most:
            raise CheckerError(
                f"The checker's {each.name.replace('_', ' ')}: longer than {most:,} characters. Enter a shorter text."
            )
    return checker.from_fields(given, problem)


def parse_checker_option(text: str, *, problem: str) -> BaseChecker | None:
    """Return the checker that `--check` names, None for `none`. Raises CheckerError."""
    kind, _, rest = text.strip().partition(":")
    kind, rest = kind.strip().casefold(), rest.strip()
    if kind == "none" and not rest:
        return None
    if kind not in REGISTRY:
        raise CheckerError(f"Unknown checker “{text.strip()[:40]}”. Use {option_examples(1)}.")
    most = max(MAX_FIELD_CHARS, *(each.max_chars for each in REGISTRY[kind].form_fields))
    if len(rest) > most:
        raise CheckerError(f"The checker is longer than {most:,} characters. Use a shorter one.")
    return parse_checker(kind, problem=problem, fields=REGISTRY[kind].read_option(rest) if rest else {})


def option_examples(of_each: int | None = None) -> str:
    """Return what `--check` takes, by example: all of them, or so many of each kind."""
    examples = [example for each in REGISTRY.values() for example in each.terminal_examples[:of_each]]
    return ", ".join(examples) + " or none"


def recognise_checker(problem: str, result: ResultKind | None = None) -> BaseChecker | None:
    """Return the checker that a problem describes by itself, or None when in doubt.

    Where it was chosen what should come back (`result`), only one that checks that.
    """
    fitting = (each for each in REGISTRY.values() if result is None or each.result in {None, result})
    return next((found for each in fitting if (found := each.recognise(problem))), None)


def problem_kind(text: str, checker: BaseChecker | None = None) -> ProblemKind:
    """Return the kind of a problem, by which the learned costs and abilities of models are kept."""
    return checker.problem_kind(text) if checker else guess_kind(text)


def result_kind(text: str, checker: BaseChecker | None = None) -> ResultKind:
    """Return what should come back: what the checker checks, else what the problem's words ask for."""
    return (checker.result if checker else None) or guess_result(text)


def pose(
    text: str,
    checker: BaseChecker | None = None,
    result: ResultKind | None = None,
    earlier: Earlier | None = None,
    files: Sequence[AttachedFile] = (),
) -> Problem:
    """Return the problem that a text and a checker make; without a `result` it is recognised.

    What the text follows up on (`earlier`) and its files are told to models, and decide nothing of its kind.
    """
    result = result or result_kind(text, checker)
    return Problem(
        with_files(with_context(text, earlier), files, may_cite=result is ResultKind.TEXT),
        problem_kind(text, checker),
        checker,
        result,
        pictures_of(files),
    )


def _of_kind(kind: str) -> type[BaseChecker]:
    try:
        return REGISTRY[kind]
    except KeyError:
        raise CheckerError(
            f"Unknown checker “{kind[:40]}”. Choose {', '.join(['none', *REGISTRY][:-1])} or {[*REGISTRY][-1]}."
        ) from None
