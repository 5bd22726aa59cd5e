"""What a run of a strategy does next: decisions without I/O, clock or event loop, for every driver the same.

A strategy is asked until a step does not fit into the money. Then nothing is started until all that is under way has
come home; what comes home may have given money back, so the strategy is asked once more, and only a second refusal with
nothing in between ends the job at its budget.
"""

from dataclasses import dataclass
from enum import Enum, auto

from solver.core.steps import Candidate, StopReason


class Phase(Enum):
    """Where a run stands."""

    ASKING = auto()
    REFUSED_ONCE = auto()
    """A step did not fit: nothing is started until all is home."""
    ASKING_AGAIN = auto()
    """All came home and nothing was told of it: the strategy may ask once more."""
    REFUSED = auto()
    """Refused again: once all is home the budget is reached."""
    GIVING_WAY = auto()
    """Others wait, or there is a question: this execution ends at the next quiet point."""
    WRITING_UP = auto()
    """The answer is decided; only its write-up is under way."""


class Action(Enum):
    """What a driver does next."""

    ASK = auto()
    WAIT = auto()
    LEAVE = auto()
    """End this execution: another one goes on."""


@dataclass(slots=True)
class RunState:
    """The phase of one run. Drivers report what happened, and do what `next_action` and `after_asking` say."""

    phase: Phase = Phase.ASKING

    def next_action(self, *, under_way: bool, may_leave: bool = False) -> Action | StopReason:
        """Return what to do now, or why the run ends.

        `under_way` says whether a call is not told yet, `may_leave` whether what is under way needs no one here.
        """
        match self.phase:
            case Phase.WRITING_UP:
                return Action.WAIT
            case Phase.GIVING_WAY:
                return Action.LEAVE if may_leave else Action.WAIT
            case Phase.REFUSED_ONCE | Phase.REFUSED if under_way:
                return Action.WAIT
            case Phase.REFUSED:
                return StopReason.BUDGET_REACHED
            case Phase.REFUSED_ONCE:
                self.phase = Phase.ASKING_AGAIN
        return Action.ASK

    def after_asking(self, *, noted: bool, under_way: bool, can_pay: bool) -> Action | StopReason:
        """Return what follows an asking: ask again, wait, or why the run ends: nothing was wanted and nothing comes.

        `noted` says whether the strategy was told a note meanwhile, `can_pay` whether any call fits into the money.
        """
        if noted or self.phase is Phase.GIVING_WAY or (self.is_refused and not under_way):
            # Who gives way meanwhile leaves at the next look: no end is decided here.
            return Action.ASK
        if under_way:
            return Action.WAIT
        return StopReason.NO_PROGRESS if can_pay else StopReason.BUDGET_REACHED

    @property
    def is_refused(self) -> bool:
        """Whether nothing may be started until what is under way has come home."""
        return self.phase in {Phase.REFUSED_ONCE, Phase.REFUSED}

    def refuse(self) -> None:
        """Note that a step did not fit into the money."""
        if self.phase is Phase.ASKING:
            self.phase = Phase.REFUSED_ONCE
        elif self.phase is Phase.ASKING_AGAIN:
            self.phase = Phase.REFUSED

    def money_came(self) -> None:
        """Note that something was told or the budget grew: what was refused may fit now."""
        if self.phase not in {Phase.GIVING_WAY, Phase.WRITING_UP}:
            self.phase = Phase.ASKING

    def give_way(self) -> None:
        """Start nothing more, and end this execution at a quiet point; one that writes up is at its end anyway."""
        if self.phase is not Phase.WRITING_UP:
            self.phase = Phase.GIVING_WAY

    def write_up(self) -> None:
        """Note that the answer is decided."""
        self.phase = Phase.WRITING_UP


def final_reason(reason: StopReason, done: StopReason | None, best: Candidate | None) -> StopReason:
    """Return why a run ended, all that landed last considered: an answer that was proven in the grace period counts."""
    if reason in {StopReason.BUDGET_REACHED, StopReason.TIME_LIMIT}:
        reason = done or reason
    return StopReason.FAILED if best is None and reason is StopReason.NO_PROGRESS else reason
