"""The strategies; others import them from here."""

from solver.core.strategy import Setting, Strategy
from solver.strategies.registry import (
    DEFAULT,
    REGISTRY,
    RUNS_PROGRAMS,
    USES_TOOLS,
    current_name,
    described,
    make_strategy,
    names_for,
    strategy_for,
)
from solver.strategies.shared.steered import Steered

__all__ = [
    "DEFAULT",
    "REGISTRY",
    "RUNS_PROGRAMS",
    "USES_TOOLS",
    "Setting",
    "Steered",
    "Strategy",
    "current_name",
    "described",
    "make_strategy",
    "names_for",
    "strategy_for",
]
