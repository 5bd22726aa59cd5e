"""The quote of a text: how many drafts a budget pays for, to be written, compared and revised, and what that costs."""

import math
from collections.abc import Sequence

from solver.core.models import ModelCard, solvers_of
from solver.core.money import NANO_PER_CENT
from solver.core.problem.rubric import numbered
from solver.core.problem.statement import Problem
from solver.core.steps import StepKind
from solver.engine.calls.bounds import prompt_bytes, typical_nano
from solver.engine.draft_count import drafts_cost_nano, drafts_for
from solver.engine.plan import rotation
from solver.inference.tournament import most_comparisons
from solver.text.prompting.prompts import messages_for

_IMPROVEMENTS = 2
"""How many better texts are usually made of the best drafts."""
_LOW, _HIGH = 0.6, 1.8
"""The factors of the typical cost within which eight in ten jobs are taken to end."""
_ENOUGH_DRAFTS = 4


class DraftCosts:
    """What drafts of a problem cost with a panel, in nano-USD."""

    def __init__(
        self, problem: Problem, panel: Sequence[ModelCard], *, budget_nano: int, markup_bp: int
    ) -> None:
        cards = {card.name: card for card in panel}
        size = prompt_bytes(problem.messages())
        names = rotation(
            panel, kind=problem.kind, budget_nano=budget_nano, size_bytes=size, markup_bp=markup_bp
        )
        self.writers = tuple(dict.fromkeys(names)) or tuple(card.name for card in solvers_of(panel)[:1])
        self.draft_nano = max(
            sum(typical_nano(cards[name], size, markup_bp) for name in self.writers) // len(self.writers), 1
        )
        long = max(card.output.q50 * (1 if card.bundled else 4) for card in panel)
        asked = messages_for(StepKind.COMPARE, problem.text, result=problem.result)
        compared = prompt_bytes(asked) + 2 * long
        readers = [typical_nano(card, compared, markup_bp) for card in panel if card.reads]
        self.compare_nano = min(readers, default=0)
        self.has_rubric = bool(problem.rubric)
        self.grade_nano = self._grade_nano(problem, panel, long, markup_bp) if problem.rubric else 0
        self.drafts = drafts_for(
            budget_nano,
            draft_nano=self.draft_nano + self.grade_nano,
            compare_nano=self.compare_nano,
            is_judged=bool(readers),
        )

    @staticmethod
    def _grade_nano(problem: Problem, panel: Sequence[ModelCard], long: int, markup_bp: int) -> int:
        """Return what it costs to judge one draft by the rubric; 0 where nobody can."""
        asked = messages_for(StepKind.RUBRIC, problem.text, extra=numbered(problem.rubric, with_points=False))
        shown = prompt_bytes(asked) + long
        return min((typical_nano(card, shown, markup_bp) for card in panel if card.reads), default=0)

    @property
    def is_judged(self) -> bool:
        """Whether some model can compare drafts."""
        return self.compare_nano > 0

    @property
    def typical_nano(self) -> int:
        """What such a job usually costs."""
        draft_nano = self.draft_nano + self.grade_nano
        written = drafts_cost_nano(self.drafts, draft_nano=draft_nano, compare_nano=self.compare_nano)
        better = _IMPROVEMENTS * (draft_nano + 2 * self.compare_nano)
        return written + (better if self.drafts > 1 and self.is_judged else 0)

    @property
    def calls(self) -> int:
        """How many calls are usually made."""
        compared = most_comparisons(self.drafts) if self.is_judged else 0
        texts = self.drafts + (_IMPROVEMENTS if compared else 0)
        graded = texts if self.grade_nano else 0
        return texts + compared + (2 * _IMPROVEMENTS if compared else 0) + graded

    def costs_nano(self, budget_nano: int) -> tuple[int, int, int]:
        """Return a low, a typical and a high cost, none above the budget."""
        low, high = round(self.typical_nano * _LOW), round(self.typical_nano * _HIGH)
        return min(low, budget_nano), min(self.typical_nano, budget_nano), min(high, budget_nano)

    def seconds(self, call_s: float) -> tuple[float, float]:
        """Return how long it takes, from and to: drafts are written side by side, rounds follow each other."""
        rounds = (
            math.ceil(math.log2(self.drafts)) + 3 * _IMPROVEMENTS if self.is_judged and self.drafts > 1 else 0
        )
        if self.grade_nano:
            rounds += 1 + (_IMPROVEMENTS if rounds else 0)
        return call_s * (1 + rounds) * _LOW, call_s * (1 + rounds) * 2 * _HIGH

    def sentence(self) -> str:
        """Say what the money pays for."""
        models = " and ".join(self.writers)
        if self.drafts == 1:
            judged = ", judged by your rubric" if self.grade_nano else ""
            return f"Pays for one draft with {models}{judged}.{self._without_judges()}"
        about = f"Pays for about {self.drafts} drafts with {models}"
        if not self.is_judged:
            return (
                f"{about}. No model here can compare texts: the one that most drafts agree with is delivered."
                f"{self._without_judges()}"
            )
        judged = "judged by your rubric and compared" if self.grade_nano else "compared"
        return f"{about}, {judged} in pairs; the best is then revised for as long as that makes it better."

    def _without_judges(self) -> str:
        is_idle = self.has_rubric and not self.grade_nano
        return " No model here can judge by your rubric, so nothing will be said of it." if is_idle else ""


def suggested_for_text_nano(
    problem: Problem, panel: Sequence[ModelCard], *, cents: Sequence[int], least_nano: int, markup_bp: int
) -> int | None:
    """Return the first of these budgets that pays for a handful of drafts; None where none does."""
    for each in cents:
        budget_nano = each * NANO_PER_CENT
        costs = DraftCosts(problem, panel, budget_nano=budget_nano, markup_bp=markup_bp)
        wanted = min(_ENOUGH_DRAFTS, 3) if not costs.is_judged else _ENOUGH_DRAFTS
        if budget_nano >= max(least_nano, costs.typical_nano) and costs.drafts >= wanted:
            return budget_nano
    return None
