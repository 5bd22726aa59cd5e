"""What counts as the answer of a reply, when two answers are the same, and what checkers say: `python -m bench answers`.

Each case goes through the judge of a job, its processes and limits included. Of cases that are to be the same, every
order of arrival is tried; of those that are to differ, every pair in both orders, and all of them in one job.
"""

import asyncio
import itertools
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from solver.checkers import CheckerError, checker_from_json
from solver.judging.judge import Judge

CASES = Path(__file__).parent / "answers.jsonl"
_MAX_ORDERS = 24
_WAITING_S = 600.0


class Outcome(NamedTuple):
    """Whether a case holds, what was found, and whether a fault is of the grave kind."""

    held: bool
    found: str
    merged: bool = False
    passed: bool = False


def measure(quick: bool) -> dict[str, Any]:  # noqa: FBT001  # as every measurement
    """Return how many of the committed cases hold (quick: of every fourth), and which do not."""
    return figures(read(CASES)[:: 4 if quick else 1])


def report(cases: Path, *, is_table: bool) -> int:
    """Print what became of a file's cases: a table of those that do not hold, and the figures as one JSON line."""
    given = read(cases)
    outcomes = outcomes_of(given)
    if is_table:
        for at, (case, outcome) in enumerate(zip(given, outcomes, strict=True)):
            if not outcome.held:
                sys.stdout.write(
                    f"{at:>4}  {json.dumps(case, ensure_ascii=False)}\n      found: {outcome.found}\n"
                )
    sys.stdout.write(json.dumps(_figures(outcomes)) + "\n")
    return 0


def read(cases: Path) -> list[dict[str, Any]]:
    """Return the cases of a file."""
    return [json.loads(line) for line in cases.read_text(encoding="utf-8").splitlines() if line.strip()]


def figures(cases: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return how many cases hold, how many are wrong in the grave way, and which do not hold."""
    return _figures(outcomes_of(cases))


def outcomes_of(cases: Sequence[Mapping[str, Any]]) -> list[Outcome]:
    """Return what became of each case."""
    return asyncio.run(_all(cases))


def _figures(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    return {
        "cases": len(outcomes),
        "held": sum(outcome.held for outcome in outcomes),
        "wrong_merges": sum(outcome.merged for outcome in outcomes),
        "wrong_passes": sum(outcome.passed for outcome in outcomes),
        "failed": [at for at, outcome in enumerate(outcomes) if not outcome.held],
    }


async def _all(cases: Sequence[Mapping[str, Any]]) -> list[Outcome]:
    judge = Judge(wait_s=_WAITING_S)
    try:
        return [await _outcome(judge, case) for case in cases]
    finally:
        await judge.close()


async def _outcome(judge: Judge, case: Mapping[str, Any]) -> Outcome:
    match case["kind"]:
        case "extract":
            return await _extract(judge, case["reply"], case["answer"])
        case "same":
            return await _same(judge, case["answers"])
        case "different":
            return await _different(judge, case["answers"])
        case "check":
            return await _check(judge, case)
        case kind:
            raise ValueError(f"The case's kind “{kind}” is none of extract, same, different and check.")


async def _extract(judge: Judge, reply: str, answer: str | None) -> Outcome:
    found = (await judge.for_job("bench").judge(text=reply, checker=None)).answer
    if found is None or answer is None or found == answer:
        return Outcome(found == answer, repr(found))
    keys = [await _keys(judge, pair) for pair in ((found, answer), (answer, found))]
    return Outcome(all(len(set(pair)) == 1 for pair in keys), repr(found))


async def _same(judge: Judge, answers: Sequence[str]) -> Outcome:
    for order in itertools.islice(itertools.permutations(answers), _MAX_ORDERS):
        keys = await _keys(judge, order)
        if len(set(keys)) > 1:
            return Outcome(held=False, found=str(list(zip(order, keys, strict=True))))
    return Outcome(held=True, found="")


async def _different(judge: Judge, answers: Sequence[str]) -> Outcome:
    orders: Iterator[Sequence[str]] = itertools.chain(
        itertools.permutations(answers, 2), [answers, answers[::-1]]
    )
    for order in orders:
        keys = await _keys(judge, order)
        if len(set(keys)) < len(order):
            return Outcome(held=False, found=str(list(zip(order, keys, strict=True))), merged=True)
    return Outcome(held=True, found="")


async def _check(judge: Judge, case: Mapping[str, Any]) -> Outcome:
    try:
        checker = checker_from_json(case["checker"])
    except CheckerError as error:
        return Outcome(held=False, found=str(error))
    said = await judge.for_job("bench").judge_answer(case["answer"], checker=checker)
    passed = said.verdict.passed if said.verdict else None
    return Outcome(
        passed is case["verdict"], str(said.verdict), passed=passed is True and case["verdict"] is not True
    )


async def _keys(judge: Judge, answers: Sequence[str]) -> list[str | None]:
    """Return the keys of answers that arrive one after another at one job."""
    job, keys = judge.for_job("bench"), list[str]()
    for answer in answers:
        said = await job.judge_answer(answer, checker=None, known_keys=tuple(dict.fromkeys(keys)))
        keys.append(said.key or "")
    return list(keys)
