"""The strategies by name. Adding one: a module, a test file of the same name, a line here."""

from solver.strategies.base import Setting, Strategy
from solver.strategies.vote import Vote

REGISTRY: dict[str, type[Vote]] = {"vote": Vote}


def make_strategy(name: str, setting: Setting) -> Strategy:
    """Return a new strategy. Raises ValueError naming the known ones."""
    try:
        return REGISTRY[name](setting)
    except KeyError:
        raise ValueError(f"Strategy “{name}” is unknown. Known: {', '.join(sorted(REGISTRY))}.") from None


__all__ = ["REGISTRY", "Setting", "Strategy", "make_strategy"]
