"""When a run must ask the person first: once about an unclear problem, and before each step above a price."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from solver.core.errors import BudgetReached
from solver.core.models import ModelCard
from solver.core.problem.question import FIRST_KEY, Question
from solver.core.problem.statement import Problem
from solver.core.steps import Resources, Status, Step, StepKind, StepResult
from solver.engine.calls.bounds import prompt_bytes, typical_nano
from solver.text.prompting.prompts import messages_for
from solver.text.prompting.questions import read_question

_MOST_TRIES = 2


@dataclass(frozen=True, slots=True)
class AskWishes:
    """What a person wants to be asked, and what they have said to it. Amounts are nano-USD.

    `allowed_nano` is what was allowed by a step's key; with `allows_all` nothing more is asked about prices.
    """

    asks_first: bool = False
    is_first_answered: bool = False
    above_nano: int | None = None
    allowed_nano: Mapping[str, int] = field(default_factory=dict)
    allows_all: bool = False


class Asks:
    """The question of one run: none as a rule, and never more than one at a time."""

    def __init__(
        self, wishes: AskWishes, problem: Problem, panel: Sequence[ModelCard], *, markup_bp: int
    ) -> None:
        self._wishes = wishes
        self._messages = messages_for(StepKind.QUESTION, problem.text, result=problem.result)
        size_bytes = prompt_bytes(self._messages)
        self._writers = sorted(
            (card for card in panel if card.writes),
            key=lambda card: typical_nano(card, size_bytes, markup_bp),
        )
        self._tries = 0
        self._is_begun = not wishes.asks_first
        self.open: Question | None = None
        """What must be answered before another call is made."""
        self.on_open: Callable[[], None] = lambda: None

    def first(self, resources: Resources) -> tuple[Sequence[Step], str] | None:
        """Return the step that finds out whether the problem is unclear, alone; None: the strategy's turn.

        Where no writer can be asked, or the step is refused again, the job begins without.
        """
        if self._is_begun:
            return None
        if FIRST_KEY in resources.in_flight:
            return (), ""
        writer = next((card for card in self._writers if card.name in resources.affordable), None)
        self._tries += 1
        if writer is None or self._tries > _MOST_TRIES:
            return None
        return [
            Step(FIRST_KEY, StepKind.QUESTION, "Look for what is unclear", writer.name, self._messages)
        ], ""

    def consumes(self, result: StepResult) -> bool:
        """Take in a result; True: it is none of the strategy's."""
        self._is_begun = self._is_begun or result.kind is not StepKind.NOTE
        if result.kind is not StepKind.QUESTION:
            return False
        found = read_question(result.text) if result.status is Status.OK else None
        if found and self._wishes.asks_first and not self._wishes.is_first_answered:
            self._ask(Question(FIRST_KEY, found.text, found.suggestions))
        return True

    def check(self, step: Step, hold_nano: int) -> None:
        """Raise BudgetReached for a step of which the person wants to be asked first; then a question is open.

        What is not needed for an answer is left out instead: nobody should wait for their answer because of it.
        """
        wishes = self._wishes
        if wishes.above_nano is None or wishes.allows_all or hold_nano <= wishes.above_nano:
            return
        if hold_nano <= wishes.allowed_nano.get(step.key, 0):
            return
        if step.kind not in {StepKind.QUESTION, StepKind.WRITE_UP}:
            self._ask(Question(step.key, cost_nano=hold_nano, purpose=step.purpose, model=step.model))
        raise BudgetReached("The person who asked wants to be asked before this step.")

    def _ask(self, question: Question) -> None:
        self.open = self.open or question
        self.on_open()
