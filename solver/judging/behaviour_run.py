"""What a program does on given inputs: the program that finds out, and how its output is read."""

import ast
import json
import secrets
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from solver.core.programs import Observed, Program, Ran
from solver.judging import behaviour_harness
from solver.text.extract import clean_text


def observation(program: str, calls: Sequence[str], examples: Sequence[tuple[str, str]]) -> Program:
    """Return what has to be run to observe a program; without calls and examples what it prints is observed."""
    mark = secrets.token_hex(16)
    order = {
        "mark": mark,
        "program": program,
        "calls": [*calls],
        "examples": [call for call, _ in examples],
    }
    return Program(_harness(), json.dumps(order), mark)


def observed(wanted: Program, ran: Ran, *, calls: int, examples: Sequence[tuple[str, str]]) -> Observed:
    """Read what was observed; what is missing, because the run was ended, has no value and holds not.

    Where neither calls nor examples were made there is one output: what the program printed.
    """
    calls = calls if calls or examples else 1
    told = []
    for line in ran.stdout.splitlines():
        if line.startswith(wanted.mark):
            try:
                told.append(json.loads(line[len(wanted.mark) :]))
            except ValueError:
                continue
    outputs = [_text(one["output"]) for one in told if "output" in one][:calls]
    values = [one["value"] for one in told if "value" in one]
    values += [None] * (len(examples) - len(values))
    holds = tuple(_is_equal(value, expected) for value, (_, expected) in zip(values, examples, strict=False))
    return Observed((*outputs, *[None] * (calls - len(outputs))), holds, ran.wall_s)


def _is_equal(value: object, expected: str) -> bool:
    """Tell whether two values are equal as Python writes them; what is no plain data equals nothing."""
    if not isinstance(value, str):
        return False
    try:
        return bool(ast.literal_eval(value) == ast.literal_eval(expected))
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return False


def _text(output: object) -> str | None:
    return clean_text(output) if isinstance(output, str) else None


@cache
def _harness() -> str:
    return Path(behaviour_harness.__file__).read_text(encoding="utf-8")
