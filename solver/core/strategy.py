"""What every strategy is: a pure state machine that asks for steps and is told their results."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from solver.core.models import ModelCard
from solver.core.problem.statement import Problem
from solver.core.steps import Candidate, Resources, Step, StepResult, StopReason
from solver.core.tools import ToolSpec


class Strategy(Protocol):
    """No I/O, no clock, no global randomness: its state derives from tells alone, in recorded order.

    `tell` is idempotent by key and accepts steps that were not asked for in this execution. A decision that depends on
    money, capacity, clock or learned values is itself a note step.
    """

    def ask(self, resources: Resources) -> Sequence[Step]:
        """Return the steps wanted now: at most `resources.free_slots` that make calls, none of them in flight or told."""
        ...

    def tell(self, result: StepResult) -> None:
        """Take in one result."""
        ...

    def best(self) -> Candidate | None:
        """Return the best answer so far."""
        ...

    def done(self) -> StopReason | None:
        """Return why no further step is wanted, or None."""
        ...

    def phase(self) -> str:
        """Return in a few words what is going on, for the page: `Explore — 23 tries, 5 answers`."""
        ...


@dataclass(frozen=True, slots=True)
class Setting:
    """What a strategy is made from: pinned, so the same in every execution, all but the budget and the tools.

    `budget_nano` is the budget as it is now, which a raise may have made larger than it was when the job began. What
    must outlast a raise is noted (the plan); what a raise should open again has the budget in its key, or reads it.
    """

    problem: Problem
    panel: Sequence[ModelCard]
    budget_nano: int
    markup_bp: int
    options: Mapping[str, Any]
    seed: int
    parameters: Mapping[str, Any] = field(default_factory=dict)
    """The table of solver/inference/parameters.py that the job pinned; empty: the shipped one."""
    tools: Sequence[ToolSpec] = ()
    """What may be used here and now; what was begun with others goes on with what is left of them."""
