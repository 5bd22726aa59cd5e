"""The decisions of a run, without an event loop, a provider or money."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from solver.core.steps import Candidate, StopReason
from solver.engine.run_state import Action, Phase, RunState, final_reason

BEST = Candidate("42", "Answer: 42", "num:42", "sample/0", 0.9, "")


def asked(state: RunState, *, noted: bool = False, under_way: bool = False, can_pay: bool = True) -> object:
    return state.after_asking(noted=noted, under_way=under_way, can_pay=can_pay)


def test_a_strategy_is_asked_until_it_wants_nothing():
    """A note is followed by another asking, a call by a wait; nothing at all ends the run."""
    state = RunState()
    assert state.next_action(under_way=False) is Action.ASK
    assert asked(state, noted=True) is Action.ASK
    assert asked(state, under_way=True) is Action.WAIT
    assert asked(state) is StopReason.NO_PROGRESS
    assert asked(state, can_pay=False) is StopReason.BUDGET_REACHED


def test_after_a_refusal_all_comes_home_before_the_strategy_is_asked_once_more():
    """A call that came to nothing gave its hold back; the second refusal in a row ends the run."""
    state = RunState()
    state.refuse()
    assert state.next_action(under_way=True) is Action.WAIT
    assert asked(state) is Action.ASK
    assert state.next_action(under_way=False) is Action.ASK
    assert state.phase is Phase.ASKING_AGAIN
    state.refuse()
    assert state.next_action(under_way=True) is Action.WAIT
    assert state.next_action(under_way=False) is StopReason.BUDGET_REACHED


def test_money_that_comes_back_allows_to_ask_as_before():
    """A result may have left money over, and a budget may grow."""
    state = RunState(Phase.REFUSED)
    state.money_came()
    assert state.next_action(under_way=True) is Action.ASK
    state.refuse()
    assert state.phase is Phase.REFUSED_ONCE


def test_a_job_that_gives_way_starts_nothing_and_leaves_at_a_quiet_point():
    """Whatever happens meanwhile; but a job that writes up is at its end."""
    state = RunState(Phase.REFUSED)
    state.give_way()
    state.refuse()
    state.money_came()
    assert state.next_action(under_way=True) is Action.WAIT
    assert state.next_action(under_way=True, may_leave=True) is Action.LEAVE
    writing = RunState(Phase.WRITING_UP)
    writing.give_way()
    writing.money_came()
    assert (writing.phase, writing.next_action(under_way=True)) == (Phase.WRITING_UP, Action.WAIT)


@given(st.lists(st.sampled_from(["refuse", "money_came", "quiet", "busy"]), max_size=50))
def test_nothing_ends_at_the_budget_while_a_call_is_under_way(events):
    """And never without two refusals between which nothing was told."""
    state, refused = RunState(), 0
    for event in events:
        if event == "refuse":
            before = state.phase
            state.refuse()
            refused += state.phase is not before
        elif event == "money_came":
            state.money_came()
            refused = 0
        else:
            action = state.next_action(under_way=event == "busy")
            if action is StopReason.BUDGET_REACHED:
                assert (event, refused) == ("quiet", 2)
                return


@pytest.mark.parametrize(
    ("reason", "done", "best", "final"),
    [
        (StopReason.BUDGET_REACHED, StopReason.SOLVED, BEST, StopReason.SOLVED),
        (StopReason.TIME_LIMIT, StopReason.CONFIDENT, BEST, StopReason.CONFIDENT),
        (StopReason.TIME_LIMIT, None, BEST, StopReason.TIME_LIMIT),
        (StopReason.FINISHED_BY_USER, StopReason.SOLVED, BEST, StopReason.FINISHED_BY_USER),
        (StopReason.NO_PROGRESS, StopReason.NO_PROGRESS, BEST, StopReason.NO_PROGRESS),
        (StopReason.NO_PROGRESS, None, None, StopReason.FAILED),
        (StopReason.BUDGET_REACHED, StopReason.NO_PROGRESS, None, StopReason.FAILED),
    ],
)
def test_what_landed_last_counts(reason, done, best, final):
    """An answer that was proven in the grace period outranks the limit; no answer for no progress is a failure."""
    assert final_reason(reason, done, best) is final
