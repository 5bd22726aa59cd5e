"""Who does what in a strategy, and what it costs: solvers in rotation, a judge of another family."""

from collections.abc import Iterable, Mapping
from typing import TypedDict

from solver.core.models import ModelCard, solvers_of
from solver.core.steps import Resources, StepKind
from solver.core.strategy import Setting
from solver.engine.calls.bounds import least_budget_left_nano, least_hold_nano, prompt_bytes, typical_nano
from solver.engine.plan import ablest, rotation
from solver.text.prompting.prompts import messages_for


class _Terms(TypedDict):
    kind: str
    budget_nano: int
    size_bytes: int
    markup_bp: int


class PanelRoles:
    """The panel of one setting; everything here is a pure function of it."""

    def __init__(self, setting: Setting) -> None:
        self._setting = setting
        self.cards: Mapping[str, ModelCard] = {card.name: card for card in setting.panel}
        self.solvers = solvers_of(setting.panel)
        self.readers = [card for card in setting.panel if card.reads]
        self._problem_bytes = prompt_bytes(setting.problem.messages())
        problem = setting.problem
        self._terms: _Terms = {
            "kind": problem.kind,
            "budget_nano": setting.budget_nano,
            "size_bytes": self._problem_bytes,
            "markup_bp": setting.markup_bp,
        }
        self._shown_bytes = prompt_bytes(
            messages_for(StepKind.AGGREGATE, problem.text, result=problem.result)
        )

    def rotation(self) -> tuple[str, ...]:
        """Return who solves in turn."""
        return tuple(rotation(self._setting.panel, **self._terms))

    def strongest(self) -> str:
        """Return the ablest solver of which the budget buys three calls, else the first of the rotation."""
        return self.rotation()[0]

    def ablest(self) -> ModelCard:
        """Return the ablest model of which the budget buys three calls, be it one that tries or one that only reads."""
        return ablest(self._setting.panel, **self._terms)[0]

    def choose_judge(self, solvers: Iterable[str]) -> str:
        """Return the ablest model of a family that none of `solvers` is of, else the ablest other one, else any.

        Only models that can read a candidate are considered while there is one, and of which the budget buys ten calls.
        """
        taken = set(solvers)
        families = {self.cards[name].family for name in taken if name in self.cards}
        cards = self.readers or self._setting.panel
        cheap = [c for c in cards if 10 * self.typical_nano(c.name, shown=1) <= self._setting.budget_nano]
        best = max(
            cheap or cards,
            key=lambda c: (
                c.family not in families,
                c.name not in taken,
                c.ability_for(self._setting.problem.kind),
            ),
        )
        return best.name

    def typical_nano(self, name: str, *, shown: int = 0) -> int:
        """Return what a call typically costs whose prompt shows so many candidates (none: the problem alone)."""
        return typical_nano(self.cards[name], self._size_bytes(shown), self._setting.markup_bp)

    def hold_nano(self, name: str) -> int:
        """Return the least free money with which a model can be asked the problem alone."""
        return least_budget_left_nano(self.cards[name], self._problem_bytes, self._setting.markup_bp)

    def can_afford(self, name: str, resources: Resources, *, shown: int = 0) -> bool:
        """Tell whether the free money covers one more such call."""
        able = self.readers if shown else self.solvers
        if name not in resources.affordable or (able and self.cards[name] not in able):
            return False
        if not shown:
            return True
        least = least_hold_nano(self.cards[name], self._size_bytes(shown), self._setting.markup_bp)
        return least <= resources.free_nano

    def _size_bytes(self, shown: int) -> int:
        if not shown:
            return self._problem_bytes
        return self._shown_bytes + shown * self._candidate_bytes()

    def _candidate_bytes(self) -> int:
        """Return how long a candidate typically is: puzzle models write bytes, others some four a token."""
        return max(card.output.q50 * (4 if card.writes else 1) for card in self._setting.panel)
