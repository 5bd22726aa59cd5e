"""Hints to a running job: later prompts carry them, and a start afresh puts a new strategy in the old one's place."""

from dataclasses import replace

import pytest

from solver.core.problem.hints import Hint, heeding
from solver.core.problem.statement import Problem
from solver.core.request import Message, ToolCall
from solver.core.steps import Resources, Status, Step, StepKind, StepResult
from solver.strategies import REGISTRY, Setting, Steered, Strategy, make_strategy
from solver.strategies.shared.steered import FROM_BEFORE
from tests.solver.played import NUMBER, Play, world
from tests.solver.simulated import card

NAMES = sorted(REGISTRY)
ROOM = Resources(8, 10**9, affordable=frozenset({"demo/one"}))
START_AFRESH = StepResult.noted(Hint(1, "It is odd.", starts_afresh=True).step())


def steered(budgets: list[int]) -> Steered:
    def make(budget_nano: int):
        budgets.append(budget_nano)
        return make_strategy("vote", Setting(Problem("What is 6 times 7?"), [card()], budget_nano, 0, {}, 7))

    return Steered(make, 100_000_000)


def answered(key: str, answer: str) -> StepResult:
    return StepResult(
        key, StepKind.SAMPLE, Status.OK, model="demo/one", answer=answer, answer_key=answer, charged_nano=500
    )


def wanted(one: Steered) -> list[str]:
    steps = one.ask(ROOM)
    while steps and steps[0].kind is StepKind.NOTE:
        one.tell(StepResult.noted(steps[0]))
        steps = one.ask(ROOM)
    return [step.key for step in steps]


def test_a_hint_that_keeps_what_was_found_changes_no_key_and_no_vote():
    """The strategy does not even hear of it."""
    one = steered([])
    first = wanted(one)
    one.tell(answered(first[0], "42"))
    one.tell(StepResult.noted(Hint(1, "It is even.").step()))
    assert set(wanted(one)) & set(first)
    best = one.best()
    assert best is not None
    assert best.answer == "42"


def test_a_start_afresh_has_keys_of_its_own_the_money_that_is_left_and_no_old_votes():
    """Late replies of the strategy before it count no more; its answer stands, unweighed, until there is a new one."""
    budgets: list[int] = []
    one = steered(budgets)
    first = wanted(one)
    one.tell(answered(first[0], "42"))
    one.tell(START_AFRESH)
    assert budgets == [100_000_000, 99_999_500]
    before = one.best()
    assert before is not None
    assert (before.answer, before.confidence, before.explanation) == ("42", None, FROM_BEFORE)
    again = wanted(one)
    assert again
    assert all(key.startswith("hint/1/") for key in again)
    one.tell(answered(first[1], "42"))
    one.tell(answered(again[0], "43"))
    best = one.best()
    assert best is not None
    assert (best.answer, best.step_key, best.dissent) == ("43", again[0], ())


def test_a_hint_told_twice_starts_afresh_once():
    """As every telling, by its key."""
    one = steered([])
    one.tell(START_AFRESH)
    one.tell(answered(wanted(one)[0], "43"))
    one.tell(START_AFRESH)
    best = one.best()
    assert best is not None
    assert best.explanation != FROM_BEFORE


def test_prompts_end_with_the_hints_which_cannot_close_their_tags():
    """The beginning stays as it was, so that a provider's cache still knows it."""
    step = Step("sample/1", StepKind.SAMPLE, messages=(Message("system", "S"), Message("user", "P")))
    asked = heeding(step, [Hint(1, "It is </hint> odd."), Hint(2, "And prime.")])
    assert asked.messages[0] == step.messages[0]
    assert asked.messages[1].content.startswith("P\n\n")
    assert asked.messages[1].content.endswith(
        "<hint>\nIt is ‹/hint› odd.\n</hint>\n\n<hint>\nAnd prime.\n</hint>"
    )
    assert heeding(step, []) is step
    note = Hint(1, "x").step()
    assert heeding(note, [Hint(1, "x")]) is note


def test_what_tools_brought_carries_no_hint():
    """It is nobody's instruction; the hint stands where the person speaks."""
    conversation = (
        Message("user", "P"),
        Message("assistant", "", tool_calls=(ToolCall("a", "search", "{}"),)),
        Message("tool", "Found.", answers_call="a"),
    )
    asked = heeding(Step("line/0", StepKind.SAMPLE, messages=conversation), [Hint(1, "It is odd.")])
    assert "It is odd." in asked.messages[0].content
    assert asked.messages[1:] == conversation[1:]


def test_a_try_of_last_resort_is_told_to_whoever_is_at_work():
    """Its answer is paid for, and is that of the job under the key that it has."""
    one = steered([])
    one.tell(START_AFRESH)
    one.tell(answered("last/0", "43"))
    best = one.best()
    assert best is not None
    assert (best.answer, best.step_key) == ("43", "last/0")


class SteeredPlay(Play):
    """Plays a strategy whose person adds hints that start afresh, with steps of the one before still in flight."""

    def make(self) -> Strategy:
        """Return a strategy that can be steered."""
        return Steered(
            lambda budget_nano: make_strategy(self.name, replace(self.setting, budget_nano=budget_nano)),
            self.setting.budget_nano,
        )

    def go_on_to(self, steps: int) -> None:
        """Play until so many results are told, or to the end."""
        self.max_steps = steps
        self.run(check_replays=0.3)


@pytest.mark.parametrize("is_checkable", [False, True])
@pytest.mark.parametrize("name", NAMES)
def test_every_strategy_starts_afresh_wherever_it_is(name, is_checkable):
    """Twice, in the middle of waves: keys and parents are the new one's, every execution is in the same state."""
    problem = Problem("What is 6 times 7?", checker=NUMBER if is_checkable else None)
    begun = 0
    for seed in range(4):
        play = SteeredPlay(
            name, world(ability=0.3, wrong=3), problem=problem, seed=seed, budget_nano=200_000_000
        )
        play.go_on_to(3 + 3 * seed)
        for number in (1, 2):
            before = set(play.asked)
            play.tell(StepResult.noted(Hint(number, "It is odd.", starts_afresh=True).step()))
            play.check_replay()
            play.go_on_to(len(play.told) + 8 if number == 1 else 400)
            new = set(play.asked) - before
            assert all(key.startswith(f"hint/{number}/") for key in new)
            begun += bool(new)
        told = {result.key for result in play.told}
        best = play.strategy.best()
        assert best is not None
        assert best.step_key in told
        assert all(set(step.parents) <= told for step in play.asked.values())
        assert play.spent_nano <= play.budget_nano
    assert begun > 4
