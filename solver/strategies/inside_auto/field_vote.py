"""`field_vote`: several replies with data, one vote each on every field; what most of them say is delivered.

Mechanism: data is asked for independently, a few times. A reply that does not fit its schema, or cannot be read, is told
so once, with what does not fit, and counts against its model, which is then asked less. The fields of all fitting replies
are compared (solver/inference/field_votes.py). It ends once every field is settled, or more replies would hardly pay.

Source: self-consistency (Wang et al., 2023), field by field. Runs inside `auto` where data should come back. Wins where
errors scatter over fields, so that no single reply need be right everywhere; loses where models share a wrong belief.
"""

from collections.abc import Sequence

from solver.core.steps import Resources, Step, StepKind, StepResult, StopReason
from solver.core.strategy import Setting
from solver.inference.data_evidence import DataEvidence
from solver.inference.emptiness import Emptiness, emptiness_of
from solver.inference.explanation import count_of
from solver.strategies.shared.common import Common
from solver.strategies.shared.notes import Plan

_FIRST_WAVE = 3
_NEXT_WAVE = 2
_MOST = 9
_SETTLED = 0.9
"""Five replies against one settle a field, four do not."""
_BEYOND_REPAIR = frozenset(
    {Emptiness.FILTERED, Emptiness.BROKEN, Emptiness.REFUSED, Emptiness.CUT, Emptiness.EMPTY}
)


class FieldVoting(Common[Plan]):
    """The state of one such vote; derived from tells alone."""

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        self.known = self.data or DataEvidence(setting.problem)
        self._most = int(setting.options.get("max_tries", _MOST))
        self._samples = 0
        self._repairable: dict[str, StepResult] = {}

    def make_plan(self) -> Plan:
        """Choose who is asked in turn."""
        return Plan(self.roles.rotation())

    def wanted(self, resources: Resources) -> Sequence[Step]:
        """Ask for repairs first, then for the rest of a wave; a new wave once all of the last one is home."""
        steps, upto = self._repairs(resources), self._wave_end()
        if self._samples >= upto and not steps and not resources.in_flight:
            upto += _NEXT_WAVE
        left = resources.free_slots - len(steps)
        return [*steps, *(self.samples(resources, "sample", upto=min(upto, self._most), most=max(left, 0)))]

    def _wave_end(self) -> int:
        """Return how many replies there are once the present wave is home."""
        begun = max(self._samples - _FIRST_WAVE, 0)
        return _FIRST_WAVE + -(-begun // _NEXT_WAVE) * _NEXT_WAVE

    def _repairs(self, resources: Resources) -> list[Step]:
        """Return a revision for each reply that does not fit and was not told so yet."""
        steps: list[Step] = []
        for number, reply in self._repairable.items():
            key = f"revise/{number}"
            may_ask = len(steps) < resources.free_slots and reply.model in resources.affordable
            if may_ask and self.untried(key, resources):
                extra = f"{_why(reply)} Correct that, leave the rest as it is, and give the whole data again."
                purpose = "Correct what does not fit"
                steps.append(
                    self.about(key, StepKind.REVISE, reply.model, [reply], purpose=purpose, extra=extra)
                )
        return steps

    def solver(self, index: int, resources: Resources, *, shown: int = 0) -> str | None:
        """Return whose turn it is; those whose replies mostly do not fit come after all others."""
        turn = super().solver(index, resources, shown=shown)
        if turn is None or not self._misfits(turn):
            return turn
        others = [
            name for name in self.plan.solvers if not self._misfits(name) and name in resources.affordable
        ]
        return others[index % len(others)] if others else turn

    def _misfits(self, name: str) -> bool:
        return self.known.unfit[name] > self.known.fit[name] + 1

    def take(self, result: StepResult) -> None:
        """Count a reply; remember one that can be repaired until that was tried."""
        path, _, number = result.key.rpartition("/")
        if path == "revise":
            self._repairable.pop(number, None)
        elif path == "sample":
            self._samples += 1
            is_beyond = emptiness_of(result, self.problem) in _BEYOND_REPAIR
            if self.known.is_unfit(result.key) and not is_beyond:
                self._repairable[number] = result

    def is_sure(self) -> bool:
        """Tell whether every field is settled."""
        votes = self.known.votes()
        return votes is not None and votes.is_settled(_SETTLED)

    def done(self) -> StopReason | None:
        """Stop when all fields are settled, and after so many replies whatever they say."""
        reason = super().done()
        if reason is None and self._samples >= self._most and not self._repairable:
            return StopReason.NO_PROGRESS
        return reason

    def phase(self) -> str:
        """Say how many replies fit, and how many fields are still open."""
        votes = self.known.votes()
        if votes is None:
            return super().phase()
        disputed = count_of(len(votes.disputed), "field differs", "fields differ")
        return f"Compare — {count_of(votes.replies, 'reply fits', 'replies fit')}, {disputed}"


def _why(reply: StepResult) -> str:
    """Return what is wrong with a reply, in a sentence."""
    if reply.verdict is not None and reply.verdict.passed is False:
        return reply.verdict.detail
    return (
        "No data could be read: give it whole, in one fenced code block, as valid JSON, or as CSV where a table is "
        "asked for."
    )
