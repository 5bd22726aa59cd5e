"""What the users of the chaos run ask for: every kind of result, by every strategy that delivers it."""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from jobs.core.code_checks import why_not_offered
from jobs.core.options import NOTHING_CHOSEN, JobOptions
from solver.checkers import BaseChecker
from solver.checkers.choice import Choice
from solver.checkers.json_schema import JsonSchema
from solver.checkers.rubric import Rubric
from solver.checkers.unit_tests import UnitTests
from solver.core.problem.result_kind import ResultKind
from solver.strategies import names_for
from tests.proof.replies import DATA, LETTER, PROGRAM, TEXT

_TESTS = UnitTests("assert f(3) == 3\nassert f(7) == 7")
_SCHEMA = JsonSchema('{"type": "object", "required": ["n"], "properties": {"n": {"type": "integer"}}}')
_RUBRIC = Rubric(("3: Says what it comes to", "2: Names a case"))
_NAMES = {result: sorted(names_for(result)) for result in ResultKind}


@dataclass(frozen=True, slots=True)
class Order:
    """What one job asks for; the crowd puts a number of its own before the words."""

    words: str
    strategy: str
    checker: BaseChecker | None = None
    options: JobOptions = NOTHING_CHOSEN


def answer(rng: random.Random) -> Order:
    """Ask for a short answer, mostly by votes."""
    votes = rng.random() < 0.7
    return Order("How much is it?", "vote" if votes else rng.choice(_NAMES[ResultKind.ANSWER]))


def choice(rng: random.Random) -> Order:
    """Ask for one of three letters; which one is right is known now and then."""
    known = rng.choice([None, None, "B"])
    return Order(f"{LETTER}?", rng.choice(_NAMES[ResultKind.CHOICE]), Choice(("A", "B", "C"), known))


def text(rng: random.Random) -> Order:
    """Ask for a text of a few drafts; half of them are judged by a rubric."""
    few = JobOptions(result=ResultKind.TEXT, max_tries=rng.randint(2, 4))
    return Order(f"{TEXT}.", rng.choice(_NAMES[ResultKind.TEXT]), rng.choice([None, _RUBRIC]), few)


def code(rng: random.Random) -> Order:
    """Ask for a program; half of them have tests, where this machine can run any."""
    tested = rng.random() < 0.5 and not why_not_offered(_TESTS)
    result = JobOptions(result=ResultKind.CODE)
    strategy = rng.choice(["auto", *_NAMES[ResultKind.CODE]])
    return Order(f"{PROGRAM} f(n), such as f(3) == 3.", strategy, _TESTS if tested else None, result)


def data(rng: random.Random) -> Order:
    """Ask for an object, most of them by a schema."""
    result = JobOptions(result=ResultKind.DATA)
    strategy = rng.choice(["auto", *_NAMES[ResultKind.DATA]])
    return Order(f"{DATA}.", strategy, rng.choice([_SCHEMA, _SCHEMA, None]), result)


SHARES: Mapping[Callable[[random.Random], Order], int] = {answer: 8, choice: 3, text: 3, code: 3, data: 3}
"""How often each is asked for, of twenty."""


def draw(rng: random.Random) -> Order:
    """Return what the next job asks for."""
    [ask] = rng.choices([*SHARES], [*SHARES.values()])
    return ask(rng)
