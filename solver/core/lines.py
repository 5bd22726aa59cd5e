"""Lines, the attempts with tools, as the journal knows them: which steps are of one, and what its answer may cite."""

import re
from collections.abc import Iterable

from solver.core.steps import Status, StepKind, StepResult
from solver.core.tools import MAX_SOURCES, Source

_LINE = re.compile(r"(?:.*/)?agent/\d+/")


def sources_by_line(told: Iterable[StepResult]) -> dict[str, tuple[Source, ...]]:
    """Return the sources that each attempt with tools was shown, in its order, by the start of its keys.

    The step `agent/2/5` belongs to the attempt `agent/2/`. Its numbers go on after the passages of the problem's files.
    """
    uses = [result for result in told if result.kind is StepKind.TOOL and result.status is Status.OK]
    lines: dict[str, list[tuple[tuple[int, int], StepResult]]] = {}
    for use in uses:
        path, turn, number = use.key.rsplit("/", 2)
        lines.setdefault(f"{path}/", []).append(((int(turn), int(number)), use))
    return {
        line: tuple(
            source
            for _, use in sorted(of_line, key=lambda each: each[0])
            for source in use.outcome.sources[:MAX_SOURCES]
        )
        for line, of_line in lines.items()
    }


def line_of(key: str) -> str:
    """Return the start of the keys of the attempt with tools to which a step belongs; empty: to none."""
    found = _LINE.match(key)
    return found[0] if found else ""
