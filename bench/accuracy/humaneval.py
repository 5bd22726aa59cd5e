"""Programs against unit tests in the sandbox, and choosing among tries by what they do, on HumanEval.

Every canonical solution must pass and every one whose body is `pass` must fail, through the checker that the form makes
of typed tests. Of recorded tries of a small model, the first is compared with the one that `choose_by_behaviour` takes;
the hidden tests judge both, and the choice sees none of them: inputs and examples come from the problem's text.
"""

import asyncio
import gzip
import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jobs.worker.programs.sandboxed import SandboxPrograms
from solver.checkers import BaseChecker, parse_checker
from solver.core.programs import RunOrder
from solver.inference.behaviour import Behaviour, choose_by_behaviour
from solver.judging.judge import Judge
from solver.text.code.code_blocks import program_in
from solver.text.code.code_examples import examples_in, inputs_like

DATA = Path(__file__).parent / "humaneval_data"
_QUICK = 3
type Row = Mapping[str, Any]


def measure(quick: bool) -> dict[str, Any]:  # noqa: FBT001  # as all measurements
    """Return how many canonical and empty programs pass, and how often the first and the chosen try are right."""
    return asyncio.run(_measure(rows("HumanEval"), rows("humaneval_tries"), quick=quick))


def rows(name: str) -> list[Row]:
    """Return the rows of a file of the data."""
    with gzip.open(DATA / f"{name}.jsonl.gz", "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


async def _measure(problems: Sequence[Row], tries: Sequence[Row], *, quick: bool) -> dict[str, Any]:
    programs = SandboxPrograms(quick=True)
    judge = Judge(programs=programs)
    try:
        some = problems[:_QUICK] if quick else problems
        canonical = [f"{each['prompt']}{each['canonical_solution']}" for each in some]
        empty = [f"{each['prompt']}    pass\n" for each in some]
        passed = [
            sum(await _in_turn([_passes(judge, each, code) for each, code in zip(some, codes, strict=True)]))
            for codes in (canonical, empty)
        ]
        by_problem: dict[str, list[str]] = defaultdict(list)
        for each in tries:
            by_problem[each["id"]].append(each["text"])
        tried = [each for each in problems if each["task_id"] in by_problem][: _QUICK if quick else None]
        right: list[tuple[bool, bool]] = await _in_turn(
            [_tried(judge, each, by_problem[each["task_id"]]) for each in tried]
        )
        return {
            "canonical_passed": passed[0],
            "empty_passed": passed[1],
            "first_try": round(sum(first for first, _ in right) / len(right), 4),
            "chosen": round(sum(chosen for _, chosen in right) / len(right), 4),
            "problems_tried": len(right),
        }
    finally:
        await judge.close()
        programs.close()


async def _in_turn[T](works: Sequence[Any]) -> list[T]:
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(work) for work in works]
    return [task.result() for task in tasks]


def checker_of(problem: Row) -> BaseChecker:
    """Return the checker that the form makes of a problem's tests, typed in."""
    tests = f"{problem['test']}\n\ncheck({problem['entry_point']})\n"
    checker = parse_checker("unit_tests", problem=problem["prompt"], fields={"tests": tests})
    assert checker is not None, "a kind was named"
    return checker


async def _passes(judge: Judge, problem: Row, code: str) -> bool:
    """Tell whether a program passes the hidden tests, as a reply of a model would."""
    judged = await judge.judge(
        text=f"Here is the program.\n\n```python\n{code}\n```", checker=checker_of(problem)
    )
    return bool(judged.verdict and judged.verdict.passed)


async def _tried(judge: Judge, problem: Row, texts: Sequence[str]) -> tuple[bool, bool]:
    """Return whether the first try and the chosen one are right."""
    # What stands before the function in the problem belongs to each program.
    codes = [
        f"{problem['prompt']}    pass\n\n\n{program_in(text, [problem['entry_point']]) or ''}"
        for text in texts
    ]
    examples = examples_in(problem["prompt"], problem["entry_point"])
    calls = inputs_like(examples)
    seen = await judge.run_programs(RunOrder(tuple(codes), tuple(calls), tuple(examples)))
    behaviours = [Behaviour(each.outputs, each.examples) for each in seen]
    chosen = choose_by_behaviour(behaviours)
    right = [await _passes(judge, problem, codes[index]) for index in (0, chosen)]
    return right[0], right[1]
