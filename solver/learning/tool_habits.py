"""How attempts with tools go in an installation: how often they call, what they pay for, how fast prompts grow.

Each job counts once, however many attempts it made. The guesses from before any job are a broad prior: a few jobs
outweigh them.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from solver.core.tools import TURN_BYTES, TYPICAL_TURNS
from solver.learning.observations import count

_PRIOR_JOBS = 4.0
_MOST_COUNTED = 99
_KILOBYTE = 1_000


class ToolHabits(NamedTuple):
    """Of one attempt, about: its calls with the one that answers, its paid uses of tools, bytes added by each turn."""

    turns: float = TYPICAL_TURNS
    paid_uses: float = 2.0
    turn_bytes: float = TURN_BYTES


GUESSED = ToolHabits()
"""Before any job has taught: each use is shown, and turns are few."""


class LineObservation(NamedTuple):
    """One attempt with tools that was told. `prompt_bytes` are the sizes of its prompts with tools, in their order."""

    turns: int
    paid_uses: int
    prompt_bytes: Sequence[int]


def habit_counts(lines: Sequence[LineObservation]) -> dict[str, float]:
    """Return what the attempts of one job teach: shares by a name such as `turns:3`."""
    found: dict[str, float] = {}
    grown = [(sizes[-1] - sizes[0]) / (len(sizes) - 1) for _, _, sizes in lines if len(sizes) > 1]
    for name, values in (
        ("turns", [line.turns for line in lines]),
        ("paid", [line.paid_uses for line in lines]),
        ("kilobytes", [each / _KILOBYTE for each in grown]),
    ):
        for value in values:
            key = f"{name}:{min(max(round(value), 0), _MOST_COUNTED)}"
            found[key] = found.get(key, 0.0) + 1.0 / len(values)
    return found


def habits_of(stats: Mapping[str, object]) -> ToolHabits:
    """Return what to expect of an attempt by these counts; whatever stands among them, it is within bounds."""
    return ToolHabits(
        turns=_mean(stats, "turns", GUESSED.turns),
        paid_uses=_mean(stats, "paid", GUESSED.paid_uses),
        turn_bytes=_mean(stats, "kilobytes", GUESSED.turn_bytes / _KILOBYTE) * _KILOBYTE,
    )


def _mean(stats: Mapping[str, object], name: str, guess: float) -> float:
    counted = [(value, count(stats, f"{name}:{value}")) for value in range(_MOST_COUNTED + 1)]
    whole = _PRIOR_JOBS + sum(number for _, number in counted)
    return (_PRIOR_JOBS * guess + sum(value * number for value, number in counted)) / whole
