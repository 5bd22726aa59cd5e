"""What attempts with tools are made of, for quotes: several calls whose prompts grow, and uses that are paid for."""

from collections.abc import Sequence
from dataclasses import dataclass

from solver.core.models import ModelCard, solvers_of
from solver.core.problem.attached import count_passages
from solver.core.problem.statement import Problem
from solver.learning.tool_habits import ToolHabits
from solver.text.tool_need import wants_tools

_TOLD_BYTES = 2_500
"""About how much a model is told of its tools, with each call."""
_LEAST_TURNS = 2
"""An attempt of one turn is a plain one."""
_MOST_ATTEMPTS = 12


@dataclass(frozen=True, slots=True)
class ToolWork:
    """An attempt: so many calls, each prompt larger than the one before, and uses for `fee_nano` before the markup."""

    turns: int = 1
    first_bytes: int = 0
    growth_bytes: int = 0
    fee_nano: int = 0
    most_tries: int | None = None

    def sizes(self, size_bytes: int) -> list[int]:
        """Return the sizes of an attempt's prompts, of a problem of this size."""
        return [size_bytes + self.first_bytes + turn * self.growth_bytes for turn in range(self.turns)]


NO_TOOLS = ToolWork()
"""A plain attempt: one call."""


def tool_work(
    problem: Problem,
    panel: Sequence[ModelCard],
    *,
    strategy: str,
    paid_use_nano: int | None,
    habits: ToolHabits,
) -> ToolWork:
    """Return what attempts of a strategy are made of; `paid_use_nano` is what the dearest tool costs (None: no tools).

    As strategy `agent`, and `auto` where it starts that, use tools: where some model of the panel calls them. Attached
    files can be searched everywhere. `habits` say what such attempts are like here.
    """
    if paid_use_nano is None and count_passages(problem.text):
        paid_use_nano = 0
    callers = any(card.calls_tools for card in solvers_of(panel))
    if paid_use_nano is None or not callers:
        return NO_TOOLS
    if strategy != "agent" and not (strategy == "auto" and wants_tools(problem)):
        return NO_TOOLS
    most = _MOST_ATTEMPTS if strategy == "agent" else None
    turns = max(round(habits.turns), _LEAST_TURNS)
    fee_nano = round(habits.paid_uses * paid_use_nano)
    return ToolWork(turns, _TOLD_BYTES, round(habits.turn_bytes), fee_nano, most)
