"""How a model does on problems of one kind: the parameters that inference works with.

What is assumed where nothing was fitted is broad on purpose: how able an unknown model is on a kind of problem is not
known, and its tries, and those of models like it, err together. `python -m bench real` measures what comes of that.
"""

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Trait:
    """One model on problems of one kind. Slope and scatter are logits per standard deviation."""

    ability: float
    slope: float = 4.5
    scatter: float = 1.0
    concentration: float = 2.5
    """How its wrong tries spread (Dirichlet process): small means that they repeat each other."""
    blind: float = 0.05
    """How often it cannot solve a problem at all, whatever the problem's difficulty."""
    agree: float = 1.0
    """How often a right try is the right answer that most come to: less than one where many answers are right."""

    def voting(self) -> "Trait":
        """Return the trait with which its tries come to one and the same right answer."""
        return replace(self, ability=self.ability * self.agree, agree=1.0)
