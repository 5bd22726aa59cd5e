"""The strategies by name. Adding one: a module, a test file of the same name, a line here."""

import inspect
import re
from collections.abc import Callable
from typing import NamedTuple

from solver.core.problem.result_kind import ResultKind
from solver.core.strategy import Setting, Strategy
from solver.strategies.agent import Agent
from solver.strategies.aggregate import Aggregate
from solver.strategies.auto import Auto
from solver.strategies.decompose import Decompose
from solver.strategies.deep import Deep
from solver.strategies.drafts import Drafts
from solver.strategies.evolve import Evolve
from solver.strategies.program import Program
from solver.strategies.refine import Refine
from solver.strategies.swiss import Swiss
from solver.strategies.tree import Tree
from solver.strategies.vote import Vote

REGISTRY: dict[str, Callable[[Setting], Strategy]] = {
    "auto": Auto,
    "vote": Vote,
    "deep": Deep,
    "swiss": Swiss,
    "aggregate": Aggregate,
    "refine": Refine,
    "tree": Tree,
    "evolve": Evolve,
    "decompose": Decompose,
    "drafts": Drafts,
    "program": Program,
    "agent": Agent,
}
RUNS_PROGRAMS = frozenset({"program"})
"""Strategies that are worth nothing where no program can be run."""
USES_TOOLS = frozenset({"agent"})
"""Strategies that are worth nothing where models have no tools."""
DEFAULT = "auto"
_FOR_TEXTS = "drafts"
_RENAMED = {"knockout": "swiss"}
"""What strategies of earlier releases are called now; each reads the journal that its forerunner left."""


def current_name(name: str) -> str:
    """Return what a strategy is called now, which a stored job or draft may know by an earlier name."""
    return _RENAMED.get(name, name)


def strategy_for(name: str, result: ResultKind) -> str:
    """Return the strategy that runs where `name` was asked for: texts have their own, as no votes count for them."""
    if result is ResultKind.TEXT:
        return _FOR_TEXTS
    return DEFAULT if name == _FOR_TEXTS else current_name(name)


def names_for(result: ResultKind) -> list[str]:
    """Return the names of the strategies that run as themselves where this should come back."""
    return [name for name in REGISTRY if strategy_for(name, result) == name]


def make_strategy(name: str, setting: Setting) -> Strategy:
    """Return a new strategy: the one of that name, or the one for what should come back. Raises ValueError."""
    if current_name(name) not in REGISTRY:
        raise ValueError(f"Strategy “{name}” is unknown. Known: {', '.join(sorted(REGISTRY))}.")
    return REGISTRY[strategy_for(name, setting.problem.result)](setting)


class Description(NamedTuple):
    """What a strategy does, and what it is good for: “where answers are short”, “on long proofs”."""

    does: str
    suits: str


def described() -> dict[str, Description]:
    """Return the description of each strategy, in the words of its module: how it begins, and where it wins."""
    return {name: _description(make) for name, make in REGISTRY.items()}


def _description(make: Callable[[Setting], Strategy]) -> Description:
    module = inspect.getmodule(make)
    assert module is not None, "a strategy is a class of a module"
    head, _, rest = (module.__doc__ or "").partition("\n\n")
    wins = re.search(r"\bWins ([^;]+);", " ".join(rest.split()))
    return Description(" ".join(head.split()).partition(": ")[2].rstrip("."), wins[1] if wins else "")
