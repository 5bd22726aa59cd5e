"""The calls that `drafts` makes besides its drafts: who judges, groups and improves, what it costs, what is shown."""

from collections.abc import Sequence

from solver.core.models import ModelCard
from solver.core.steps import Resources, Step, StepKind
from solver.core.strategy import Setting
from solver.engine.calls.bounds import fits, least_budget_left_nano, prompt_bytes
from solver.engine.draft_count import MOST_DRAFTS, drafts_for
from solver.strategies.shared.draft_rubric import DraftRubric
from solver.strategies.shared.draft_table import Draft, DraftTable
from solver.strategies.shared.panel_roles import PanelRoles
from solver.text.prompting.prompts import clipped, messages_for

_MOST_JUDGES = 3
_REMARKS = 4
_MOST_REMARK_CHARS = 2_000


class DraftCalls:
    """Makes the steps of one job; a pure function of its setting and what it is shown."""

    def __init__(self, setting: Setting, roles: PanelRoles, rubric: DraftRubric) -> None:
        self._setting = setting
        self._problem = setting.problem
        self._roles = roles
        self._rubric = rubric

    def able_judges(self) -> tuple[str, ...]:
        """Return who may compare, ablest first: of which the budget buys ten comparisons, else the cheapest reader."""
        readers = sorted(self._roles.readers, key=self._compare_nano)
        cheap = [card for card in readers if 10 * self._compare_nano(card) <= self._setting.budget_nano]
        able = sorted(
            cheap or readers[:1], key=lambda card: card.ability_for(self._problem.kind), reverse=True
        )
        return tuple(card.name for card in able[:_MOST_JUDGES])

    def most_drafts(self, writers: Sequence[str], judges: Sequence[str]) -> int:
        """Return how many drafts are wanted: the money covers them and comparing them."""
        draft_nano = sum(self._roles.typical_nano(name) for name in writers) // max(len(writers), 1)
        compare_nano = max((self._compare_nano(self._roles.cards[name]) for name in judges), default=0)
        most = drafts_for(
            self._setting.budget_nano,
            draft_nano=draft_nano + self._grade_nano(judges),
            compare_nano=compare_nano,
            is_judged=bool(judges),
        )
        wished = int(self._setting.options.get("max_tries") or MOST_DRAFTS)
        return max(min(most, wished), 1)

    def grouping(self, key: str, listed: Sequence[tuple[str, str]], resources: Resources) -> Step | None:
        """Return the call of the cheapest reader that says which conclusions come to the same."""
        readers = sorted(self._roles.readers, key=lambda card: self._roles.typical_nano(card.name))
        if not listed or not readers:
            return None
        texts = [f"{number}. {conclusion}" for number, (_, conclusion) in enumerate(listed, start=1)]
        messages = messages_for(StepKind.GROUP, self._problem.text, texts)
        parents = tuple(each for each, _ in listed)
        purpose = "Group the conclusions"
        step = Step(key, StepKind.GROUP, purpose, readers[0].name, messages, parents)
        return step if self._pays(step, resources) else None

    def grading(self, number: int, draft: Draft, judges: Sequence[str], resources: Resources) -> Step | None:
        """Return the call that judges a draft by the rubric, preferably by a model of another family than its writer."""
        other = self._roles.choose_judge([draft.result.model])
        return self._first_paid(
            f"rubric/{number}",
            StepKind.RUBRIC,
            [*dict.fromkeys((other, *judges))],
            [draft],
            resources,
            purpose=f"Judge draft {number + 1} by the rubric",
            extra=self._rubric.to_judge(),
        )

    def comparison(
        self, numbers: tuple[int, int], sides: Sequence[Draft], judges: Sequence[str], resources: Resources
    ) -> Step | None:
        """Return the call that compares two drafts, preferably by a judge of another family than both writers."""
        cards = self._roles.cards
        families = {cards[side.result.model].family for side in sides if side.result.model in cards}
        first, second = numbers
        return self._first_paid(
            f"compare/{first}-{second}",
            StepKind.COMPARE,
            sorted(judges, key=lambda name: cards[name].family in families),
            sides,
            resources,
            purpose=f"Compare drafts {first + 1} and {second + 1}",
            extra=self._rubric.to_compare(),
        )

    def improvement(
        self, key: str, of: Sequence[Draft], writers: Sequence[str], table: DraftTable, resources: Resources
    ) -> Step | None:
        """Return the call that revises a draft, or combines two; None where nobody able is affordable."""
        names = dict.fromkeys(name for name in (*writers, *self._roles.cards) if name in self._roles.cards)
        able = [name for name in names if self._roles.cards[name].reads]
        rubric = self._rubric.to_improve(of[0].result.key)
        if len(of) > 1:
            purpose = "Combine the best two"
            return self._first_paid(
                key, StepKind.AGGREGATE, able, of, resources, purpose=purpose, extra=rubric
            )
        extra = "\n\n".join(part for part in (rubric, _remarks(table, of[0])) if part)
        purpose = "Revise the best draft"
        return self._first_paid(key, StepKind.REVISE, able, of, resources, purpose=purpose, extra=extra)

    def can_compare_after(self, step: Step, judges: Sequence[str], resources: Resources) -> bool:
        """Tell whether after a step there is money to judge what it makes: by the rubric, and in two comparisons."""
        compare_nano = min((self._compare_nano(self._roles.cards[name]) for name in judges), default=0)
        judging_nano = 2 * compare_nano + self._grade_nano(judges)
        return self._roles.typical_nano(step.model, shown=1) + judging_nano <= resources.free_nano

    def _first_paid(
        self,
        key: str,
        kind: StepKind,
        models: Sequence[str],
        shown: Sequence[Draft],
        resources: Resources,
        *,
        purpose: str,
        extra: str = "",
    ) -> Step | None:
        """Return the step with the first of the models that it pays for, or None."""
        texts = [draft.result.text for draft in shown]
        messages = messages_for(kind, self._problem.text, texts, extra=extra, result=self._problem.result)
        parents = tuple(draft.result.key for draft in shown)
        steps = (Step(key, kind, purpose, model, messages, parents) for model in models)
        return next((step for step in steps if self._pays(step, resources)), None)

    def _pays(self, step: Step, resources: Resources) -> bool:
        """Tell whether a call fits into the money and into its model's context window."""
        card, size_bytes = self._roles.cards[step.model], prompt_bytes(step.messages)
        least_nano = least_budget_left_nano(card, size_bytes, self._setting.markup_bp)
        return (
            step.model in resources.affordable
            and fits(card, size_bytes)
            and least_nano <= resources.free_nano
        )

    def _grade_nano(self, judges: Sequence[str]) -> int:
        """Return what it costs to judge a draft by the rubric: nothing where there is none."""
        names = judges if self._rubric.is_asked else ()
        return max((self._roles.typical_nano(name, shown=1) for name in names), default=0)

    def _compare_nano(self, card: ModelCard) -> int:
        return self._roles.typical_nano(card.name, shown=2)


def _remarks(table: DraftTable, draft: Draft) -> str:
    """Return what judges said of a draft, for its revision."""
    said = [
        f"There it was {name}:\n{clipped(text)[:_MOST_REMARK_CHARS]}"
        for name, text in table.said_of(draft)[:_REMARKS]
    ]
    head = "Judges compared the candidate with other texts, named A and B. Heed what they found against it."
    return "\n\n".join([head, *said]) if said else ""
