"""`drafts`: several texts, compared in pairs, the best revised or combined with the next while that makes it better.

Mechanism: models take turns to write drafts, each of which ends with a conclusion of its own. One cheap call says which
conclusions come to the same. Judges of other families judge each draft by the user's rubric, if there is one, then
compare drafts in pairs, in both orders and with margins, as a Swiss tournament pairs them, until one is clearly best.
The leader is then revised from what the judges found against it, or combined with the second where both come to the
same; the new text enters the tournament. It ends when two such texts in a row did not win, or at the budget. Models
that cannot judge only write: then agreement chooses.

Source: Swiss pairing of candidates (V1, arXiv 2603.04304, 2026), self-consistency of prose in one call (arXiv
2503.10881, 2025), Self-Refine (Madaan et al., 2023). Wins on essays, explanations, proofs and plans, where no answer
can be counted; loses on short answers, where votes say more, and where judges prefer what is longer or their own.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from solver.core.steps import Candidate, Resources, Step, StepKind, StepResult, StopReason
from solver.core.strategy import Setting
from solver.engine.draft_count import MOST_IMPROVEMENTS, UNJUDGED
from solver.inference.emptiness import emptiness_of
from solver.inference.explanation import count_of
from solver.strategies.shared.common import Common, usable
from solver.strategies.shared.draft_calls import DraftCalls
from solver.strategies.shared.draft_rubric import DraftRubric
from solver.strategies.shared.draft_table import Draft, DraftTable
from solver.strategies.shared.notes import Note, Plan

TARGET = 0.85
_MOST_FAILED = 4
_PATIENCE = 2
"""So many improvements in a row that do not become the best are the last."""


@dataclass(frozen=True, slots=True)
class DraftsPlan(Plan):
    """Who writes, and who compares, ablest first."""

    judges: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Improvement(Note):
    """Which drafts the next text is made of: one is revised, two are combined. The first was the best by then."""

    of: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Enough(Note):
    """Why nothing more is wanted: whether the money does not suffice, and whether one draft is clearly the best."""

    is_short: bool = False
    is_decided: bool = False


class Drafts(Common[DraftsPlan]):
    """The drafts of one text; derived from tells alone."""

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        self.target = float(setting.options.get("confidence_target", TARGET))
        rubric = DraftRubric(setting.problem, self.roles, self.evidence)
        self._calls = DraftCalls(setting, self.roles, rubric)
        self._table = DraftTable(rubric)
        self._failed_drafts = 0
        self._improvements: list[Improvement] = []
        self._stale = 0
        self._groupings = 0
        # What did not pay under one budget may pay under a raised one.
        self._enough_key = f"enough/{setting.budget_nano}"
        self._enough: Enough | None = None

    def make_plan(self) -> DraftsPlan:
        """Choose who writes in turn, and who compares."""
        return DraftsPlan(self.roles.rotation(), self._calls.able_judges())

    # Asking ---------------------------------------------------------------------------------------------------

    def wanted(self, resources: Resources) -> Sequence[Step]:
        """Ask for drafts, then for comparisons, then for a better text; at last for a note that it is enough."""
        upto = self._calls.most_drafts(self.plan.solvers, self._judges()) + self._failed_drafts
        steps = self.samples(resources, "draft", upto=upto)
        if steps or any(step.kind.answers for step in resources.in_flight.values()):
            return steps
        if not self._table.drafts:
            return ()
        if step := self._improved(resources):
            return (step,)
        judged = [*self._gradings(resources)] or self._comparisons(resources)
        steps = [*self._grouping(resources), *judged][: resources.free_slots]
        return steps if steps or resources.in_flight else (self._decision(resources),)

    def sample(self, path: str, index: int, model: str) -> Step:
        """Return one independent draft."""
        return replace(super().sample(path, index, model), purpose=f"Draft {index + 1}")

    def _judges(self) -> list[str]:
        """Return who may compare; nobody where those who were asked never said which is better."""
        names = [name for name in self.plan.judges if name in self.roles.cards]
        return [] if self._table.is_mute else names

    def _grouping(self, resources: Resources) -> Iterator[Step]:
        """Yield the call that says which conclusions come to the same, where that is not known."""
        key = f"group/{self._groupings}"
        if self.untried(key, resources):
            listed = self._table.conclusions.to_list()
            if step := self._calls.grouping(key, listed, resources):
                yield step

    def _gradings(self, resources: Resources) -> Iterator[Step]:
        """Yield the calls that judge drafts by the user's rubric, before they are compared."""
        judges = self._judges() if self._table.rubric.is_asked else ()
        for number, draft in enumerate(self._table.drafts if judges else ()):
            is_wanted = self.untried(f"rubric/{number}", resources)
            if is_wanted and (step := self._calls.grading(number, draft, judges, resources)):
                yield step

    def _comparisons(self, resources: Resources) -> Iterator[Step]:
        """Yield the comparisons that the tournament wants now and the money covers."""
        judges, drafts = self._judges(), self._table.drafts
        if not judges or any(step.kind is StepKind.RUBRIC for step in resources.in_flight.values()):
            return
        told = [
            key.removeprefix("compare/").split("-") for key in resources.in_flight if key[:8] == "compare/"
        ]
        for first, second in self._table.pairs({(int(one), int(other)) for one, other in told}, self.target):
            sides = (drafts[first], drafts[second])
            if step := self._calls.comparison((first, second), sides, judges, resources):
                yield step

    def _decision(self, resources: Resources) -> Step:
        """Return the note that says what comes next: a better text, or nothing more."""
        number = len(self._improvements)
        if self._may_improve():
            for of in self._ways():
                step = self._improvement(number, of, resources)
                if step and self._calls.can_compare_after(step, self._judges(), resources):
                    note = Improvement(step.parents).as_note()
                    return Step(f"improve/{number}", StepKind.NOTE, step.purpose, note=note)
        unjudged = not self.plan.judges and len(self._table.drafts) < UNJUDGED
        enough = Enough(self._may_improve() or unjudged, self._table.is_decided(self.target))
        purpose = "The money covers no better text" if enough.is_short else "Another text would not pay"
        return Step(self._enough_key, StepKind.NOTE, purpose, note=enough.as_note())

    def _may_improve(self) -> bool:
        """Tell whether somebody could say that a new text is better, and the last ones were not in vain."""
        is_open = len(self._improvements) < MOST_IMPROVEMENTS and self._stale_now() < _PATIENCE
        return bool(self._judges()) and is_open

    def _ways(self) -> list[list[Draft]]:
        """Return of which drafts the next text may be made, the better way first."""
        leaders = self._table.leaders()
        alone, both = leaders[:1], leaders[:2]
        if len(both) < 2 or not self._table.share_conclusion(both):
            return [alone]
        if self._improvements and self._stale_now():
            # What did not win last time is not tried again the same way.
            return [alone, both] if len(self._improvements[-1].of) > 1 else [both, alone]
        return [alone, both] if self._table.is_decided(self.target) else [both, alone]

    def _stale_now(self) -> int:
        """Return how many improvements in a row did not become the best."""
        return self._stale_with(self._table.leaders()[0].result.key)

    def _stale_with(self, leader: str) -> int:
        if not self._improvements:
            return 0
        return 0 if leader == _text_key(len(self._improvements) - 1) else self._stale + 1

    def _improved(self, resources: Resources) -> Step | None:
        """Return the step that makes the text that was decided on, if it is to be made still."""
        number = len(self._improvements) - 1
        if number < 0 or resources.in_flight or not self.untried(_text_key(number), resources):
            return None
        known = {draft.result.key: draft for draft in self._table.drafts}
        of = [known[key] for key in self._improvements[-1].of if key in known]
        return self._improvement(number, of or self._table.leaders()[:1], resources)

    def _improvement(self, number: int, of: Sequence[Draft], resources: Resources) -> Step | None:
        turn = number % len(self.plan.solvers)
        writers = (*self.plan.solvers[turn:], *self.plan.solvers[:turn])
        return self._calls.improvement(_text_key(number), of, writers, self._table, resources)

    # Being told -----------------------------------------------------------------------------------------------

    def take(self, result: StepResult) -> None:
        """Take in a draft, a comparison, a grouping or a decision."""
        if result.kind is StepKind.NOTE:
            self._take_note(result)
        elif result.kind.answers:
            self._take_draft(result)
        elif result.kind is StepKind.COMPARE:
            self._table.compare(result)
        elif result.kind is StepKind.RUBRIC:
            self._table.grade(result)
        elif result.kind is StepKind.GROUP:
            self._groupings += 1
            self._table.group(result)

    def _take_note(self, result: StepResult) -> None:
        if result.key == self._enough_key:
            self._enough = Enough.from_note(result.note)
        elif result.key.startswith("improve/"):
            made = Improvement.from_note(result.note)
            self._stale = self._stale_with(made.of[0] if made.of else "")
            self._improvements.append(made)

    def _take_draft(self, result: StepResult) -> None:
        card = self.roles.cards.get(result.model)
        emptiness = emptiness_of(result, self.problem)
        if usable(result) and not (emptiness and emptiness.says_nothing):
            self._table.add(result, ability=card.ability_for(self.problem.kind) if card else 0.0)
        elif not result.parents:
            self._failed_drafts = min(self._failed_drafts + 1, _MOST_FAILED)

    # Answering ------------------------------------------------------------------------------------------------

    def best(self) -> Candidate | None:
        """Return the best draft so far: one that a checker confirmed, or else the leader."""
        return self._table.best(self.evidence.proven)

    def done(self) -> StopReason | None:
        """Stop when nothing more would pay or can be paid, or when no model answers."""
        if self._enough is None or self.evidence.proven:
            return super().done()
        if self._enough.is_short:
            return StopReason.BUDGET_REACHED
        return StopReason.CONFIDENT if self._enough.is_decided else StopReason.NO_PROGRESS

    def is_sure(self) -> bool:
        """Tell that no count of equal answers ends a job: its own notes do."""
        return False

    def phase(self) -> str:
        """Return what is going on, in words."""
        drafts = count_of(len(self._table.drafts), "draft", "drafts")
        if not self._table.drafts:
            return "Draft" if self._noted_plan else "Plan"
        if self._improvements and not self.evidence.told(_text_key(len(self._improvements) - 1)):
            return f"{'Combine' if len(self._improvements[-1].of) > 1 else 'Revise'} — {drafts}"
        if made := len(self._table.comparisons):
            return f"Compare — {made} of at most {self._table.most_comparisons}, {drafts}"
        graded = self._table.rubric.graded
        return f"Judge by the rubric — {graded} of {drafts}" if graded else f"Draft — {drafts}"


def _text_key(number: int) -> str:
    return f"improve/{number}/text"
