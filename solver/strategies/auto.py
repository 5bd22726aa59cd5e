"""`auto`: plans from the budget, buys what adds most to the chance of a correct answer per dollar, and stops in time.

Mechanism: where tools are at hand that would help, `agent` runs first, inside this strategy; else `deep`, where the
ablest affordable model can revise, also one that does not try. Where measured models would make sure by agreeing, their
first tries come before it, which they spare or which goes on from their leader. Any of these ends the job once it is
sure. Then, and from the start elsewhere, the posterior of every answer (solver/inference/vote_likelihood.py) says how
likely it is right, and how likely none seen is; from it follows what further tries of each model or a grade would add
(solver/inference/decisions). Whatever adds most per dollar is bought while it is worth more than it costs; what a right
answer is worth is told, or follows from the budget. Where many tries came to no answer twice, `aggregate` gets the rest.
Where a checker proves answers, each try goes to the best chance per dollar; where it gives scores, `evolve` climbs them.
Programs that nothing checks are left to `code_vote`, data to `field_vote`.

Source: value of information (Raiffa and Schlaifer, 1961), Adaptive-Consistency (Aggarwal et al., 2023), item response
theory (Rasch, 1960). Wins where nobody knows beforehand what a problem needs; loses where models err otherwise than
assumed, and where all of the money should be spent whatever it brings. Where what is known of the models holds it is as
right as forty fixed votes of the strongest model for a tenth of their cost (bench/results/accuracy/accuracy.json).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from solver.core.steps import Candidate, Resources, Step, StepKind, StepResult, StopReason
from solver.core.strategy import Setting
from solver.strategies.agent import would_help
from solver.strategies.evolve import score_of
from solver.strategies.inside_auto.grade_chooser import GradeChooser
from solver.strategies.inside_auto.inside import INSIDE, WHOLE
from solver.strategies.inside_auto.opening import FIRST, Opening
from solver.strategies.inside_auto.proof_tries import Buy, NoTry, ProofTries
from solver.strategies.inside_auto.vote_tries import VoteTries
from solver.strategies.shared.child import Child, Inside
from solver.strategies.shared.common import DEFAULT_TARGET, Common
from solver.strategies.shared.notes import Plan

# So many geometric means of budget and dearest try a right answer is worth: a budget is a ceiling, not a wish to spend.
_WORTH = 200.0
_CEILING = 10  # so many of the dearest tries: beyond that, a larger budget says no more about that worth
_TARGET = 0.998
_SURE = 0.7
"""From this confidence on, a job that stops because more would not pay counts as confident."""
_HOPELESS = 8
"""So many independent tries without an answer given twice are no vote."""
_MAX_RUNS = 2
_SURE_ENOUGH = DEFAULT_TARGET
"""First tries or a strategy inside that are so sure end the job: cheap tries after them would mislead more than confirm,
and more of the same costs a tenth more and is right no more often."""


@dataclass(frozen=True, slots=True)
class AutoPlan(Plan):
    """Who may try, what runs first, with at most how much money, and whose tries come before `deep`."""

    run: str = ""
    share_nano: int = 0
    first: tuple[str, ...] = ()


class Auto(Common[AutoPlan]):
    """The state of one job; derived from tells alone."""

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        self.target = float(setting.options.get("confidence_target", _TARGET))
        worth = setting.options.get("value_nano")
        tries = {card.name for card in self.roles.solvers}
        skills = tuple(each for each in self.evidence.skills().items() if each[0] in tries)
        self._names = [name for name, _ in skills]
        typical_nano = {name: float(max(self.roles.typical_nano(name), 1)) for name in self._names}
        dearest_nano = max(typical_nano.values())
        ceiling_nano = min(setting.budget_nano, _CEILING * dearest_nano)
        # From the budget as it is now, for a raise says that more is welcome; it never changes what told steps mean.
        self._value_nano = float(worth) if worth else _WORTH * math.sqrt(ceiling_nano * dearest_nano)
        self._proof = ProofTries(skills, typical_nano, self._value_nano)
        self._vote = VoteTries(self.roles, self.evidence, skills, typical_nano, self._value_nano)
        # What did not pay under one budget may pay under a raised one.
        self._enough_key = f"enough/{setting.budget_nano}"
        self._enough = False
        self._sees_scores = False
        self._runs: list[Child] = []
        self._grades = GradeChooser(self.roles, self.evidence)
        self._sure_enough = float(setting.options.get("confidence_target", _SURE_ENOUGH))
        self._opening = Opening(self.evidence, self._sure_enough)

    def make_plan(self) -> AutoPlan:
        """Return which models may try, and which strategy runs first, if any, or after whose tries."""
        run = "agent" if would_help(self.setting) else "deep" if self.roles.ablest().reads else ""
        run = "" if self.problem.is_checkable else WHOLE.get(self.problem.result, run)
        first = self._opening.models(self.roles, self.problem.kind) if run == "deep" else ()
        return AutoPlan(tuple(self._names), "" if first else run, self.setting.budget_nano, first)

    def ask(self, resources: Resources) -> Sequence[Step]:
        """Return what the strategy wants that runs now; when it wants nothing more, what pays best."""
        if running := self._running():
            steps = running.ask(resources)
            if steps or any(running.owns(key) for key in resources.in_flight):
                return steps
        return () if self._whole() else super().ask(resources)

    def tell(self, result: StepResult) -> None:
        """Pass on what belongs to a strategy that runs inside; it is evidence here as well."""
        for running in self._runs:
            if running.owns(result.key):
                running.tell(result)
        super().tell(result)
        if result.key == "plan" and not self._runs:
            # What has the whole of the job has what a raise added to it, too.
            share_nano = self.setting.budget_nano if self.plan.run in WHOLE.values() else self.plan.share_nano
            self._run(Inside(self.plan.run, share_nano))

    def take(self, result: StepResult) -> None:
        """Count what proved nothing; let another strategy run where votes are hopeless."""
        if self.plan.first:
            self._opening.take(result)
        if result.key == FIRST and not self._runs:
            self._run(Inside.from_note(result.note))
            for deep in self._runs:
                self._opening.lend_to(deep)
        elif result.key == "hopeless" and len(self._runs) < _MAX_RUNS:
            self._run(Inside.from_note(result.note))
        elif result.key == "scored":
            # What a raise adds is for the search, too.
            self._run(Inside("evolve", self.setting.budget_nano))
        self._sees_scores = self._sees_scores or score_of(result) is not None
        self._enough = self._enough or result.key == self._enough_key
        self._proof.take(result)
        if result.key.startswith("grade/"):
            self._grades.take(result)

    def _running(self) -> Child | None:
        """Return the strategy that runs inside, if it wants to go on."""
        return self._runs[-1] if self._runs and self._runs[-1].done() is None else None

    def _whole(self) -> Child | None:
        """Return the strategy to which the job is left altogether, if it is."""
        return self._runs[0] if self._runs and self.plan.run in WHOLE.values() else None

    def best(self) -> Candidate | None:
        """Return the best answer; a strategy inside that climbs scores, or has the whole of the job, knows which."""
        climbs = self.evidence.told("scored") and not self.evidence.proven
        inside = self._runs[-1] if self._runs and climbs else self._whole()
        return (inside.best() if inside else None) or super().best()

    def _run(self, inside: Inside) -> None:
        """Let another strategy run inside, its money at most the share that was noted."""
        if make := INSIDE.get(inside.run):
            options = {**self.setting.options, "confidence_target": self._sure_enough}
            setting = replace(self.setting, budget_nano=inside.share_nano, options=options)
            self._runs.append(Child(f"run/{len(self._runs)}", make(setting), setting))

    def wanted(self, resources: Resources) -> Sequence[Step]:
        """Return what pays best, or a note that nothing does."""
        if self._sees_scores and not self.evidence.told("scored"):
            return (Step("scored", StepKind.NOTE, "The check gives scores"),)
        if self._is_hopeless(resources):
            note = Inside("aggregate", resources.free_nano).as_note()
            return (Step("hopeless", StepKind.NOTE, "No answer was given twice", note=note),)
        if self.plan.first and not self._runs and not self.evidence.told(FIRST):
            return self._opening.ask(self.sample, self.plan.first, resources)
        if grade := self._grade_before_tries(resources):
            return (grade,)
        match (self._proof if self.problem.is_checkable else self._vote).decide(resources):
            case Buy(models):
                pairs = zip(models, self.missing("sample", resources), strict=False)
                return [self.sample("sample", number, model) for model, number in pairs]
            case NoTry.ENOUGH:
                purpose = "More attempts would cost more than they could add"
                return (Step(self._enough_key, StepKind.NOTE, purpose),)
            case NoTry.WAIT:
                return ()

    def _grade_before_tries(self, resources: Resources) -> Step | None:
        """Return the grade that adds more per dollar than any try does, once all that was bought is known."""
        if self.problem.is_checkable or resources.in_flight:
            return None
        check = self._grades.best(resources, self._value_nano)
        if check is None or check.rate < self._vote.best_rate(resources):
            return None
        key, shown = f"grade/{self._grades.count}", [check.answer.example]
        return self.about(key, StepKind.GRADE, check.judge, shown, purpose="Check the answer")

    def _is_hopeless(self, resources: Resources) -> bool:
        """Tell whether tries do not repeat each other, and whether there is somebody who could combine them."""
        known = self.evidence
        if self.problem.is_checkable or resources.in_flight:
            return False
        if known.told("hopeless") or known.independent < _HOPELESS:
            return False
        repeated = any(cluster.tries + cluster.repeats > 1 for cluster in known.clusters.values())
        return not repeated and any(card.reads for card in self.setting.panel)

    def done(self) -> StopReason | None:
        """Stop when proven, when sure enough, or when more would not pay."""
        if whole := self._whole():
            return whole.done()
        reason = super().done()
        if reason is None and self._runs:
            inside = self._runs[-1].done()
            if inside is StopReason.CONFIDENT or (inside and self.evidence.told("scored")):
                return inside
        if reason is None and not self._runs and self._opening.suffices():
            return StopReason.CONFIDENT
        if reason is None and self._enough:
            sure = not self.problem.is_checkable and self.evidence.confidence() >= _SURE
            return StopReason.CONFIDENT if sure else StopReason.NO_PROGRESS
        return reason

    def phase(self) -> str:
        """Say how far it is, in the words of the strategy that runs inside, if one does."""
        running = self._whole() or self._running()
        return running.strategy.phase() if running else super().phase()
