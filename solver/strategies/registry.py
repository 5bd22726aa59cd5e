"""The strategies by name. Adding one: a module, a test file of the same name, a line here."""

import inspect
from collections.abc import Callable

from solver.core.strategy import Setting, Strategy
from solver.strategies.aggregate import Aggregate
from solver.strategies.auto import Auto
from solver.strategies.decompose import Decompose
from solver.strategies.deep import Deep
from solver.strategies.evolve import Evolve
from solver.strategies.knockout import Knockout
from solver.strategies.refine import Refine
from solver.strategies.tree import Tree
from solver.strategies.vote import Vote

REGISTRY: dict[str, Callable[[Setting], Strategy]] = {
    "auto": Auto,
    "vote": Vote,
    "deep": Deep,
    "knockout": Knockout,
    "aggregate": Aggregate,
    "refine": Refine,
    "tree": Tree,
    "evolve": Evolve,
    "decompose": Decompose,
}
DEFAULT = "auto"


def make_strategy(name: str, setting: Setting) -> Strategy:
    """Return a new strategy. Raises ValueError naming the known ones."""
    try:
        return REGISTRY[name](setting)
    except KeyError:
        raise ValueError(f"Strategy “{name}” is unknown. Known: {', '.join(sorted(REGISTRY))}.") from None


def described() -> dict[str, str]:
    """Return what each strategy does, in the words with which its module begins."""
    return {name: _first_sentence(make) for name, make in REGISTRY.items()}


def _first_sentence(make: Callable[[Setting], Strategy]) -> str:
    module = inspect.getmodule(make)
    assert module is not None, "a strategy is a class of a module"
    head = (module.__doc__ or "").split("\n\n", maxsplit=1)[0]
    return " ".join(head.split()).partition(": ")[2].rstrip(".")
