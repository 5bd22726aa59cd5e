"""The strategies; others import them from here."""

from solver.core.strategy import Setting, Strategy
from solver.strategies.registry import (
    DEFAULT,
    REGISTRY,
    RUNS_PROGRAMS,
    described,
    make_strategy,
    names_for,
    strategy_for,
)

__all__ = [
    "DEFAULT",
    "REGISTRY",
    "RUNS_PROGRAMS",
    "Setting",
    "Strategy",
    "described",
    "make_strategy",
    "names_for",
    "strategy_for",
]
