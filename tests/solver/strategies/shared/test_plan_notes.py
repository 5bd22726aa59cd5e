"""A journal that another release wrote: notes with keys missing, added or of another type never stop a job."""

from dataclasses import dataclass, replace

import pytest

from solver.core.steps import StepKind
from solver.strategies import REGISTRY, make_strategy
from solver.strategies.shared.notes import Note
from tests.solver.played import Play, world

NAMES = sorted(REGISTRY)


@dataclass(frozen=True, slots=True)
class Kept(Note):
    names: tuple[str, ...] = ("a",)
    count: int = 3
    is_open: bool = False


def played(name, steps=30):
    play = Play(name, world(ability=0.3, wrong=40), budget_nano=400_000_000, max_steps=steps)
    play.run()
    return play


def damaged(note):
    """Yield what another release may have noted in place of `note`."""
    for key in note:
        yield {name: value for name, value in note.items() if name != key}
        yield {**note, key: None}
        yield {**note, key: {"another": "form"}}
    yield {"rotation": ["demo/one", "demo/one", "other/two"]}
    yield {**note, "later": [1, 2]}
    yield {}
    yield None


@pytest.mark.parametrize("name", NAMES)
def test_a_job_with_the_notes_of_another_release_goes_on_to_an_answer(name):
    """Whatever its notes lack, the job is continued from its journal and ends with an answer."""
    before = played(name)
    at = [number for number, result in enumerate(before.told) if result.kind is StepKind.NOTE]
    assert at, "every strategy notes its plan"
    for number in at:
        for note in damaged(before.told[number].note or {}):
            play = Play(name, before.respond, budget_nano=before.budget_nano, max_steps=60)
            play.strategy = make_strategy(name, play.setting)
            for other, result in enumerate(before.told):
                play.tell(replace(result, note=note) if other == number else result)
            play.run()
            assert len(play.told) > len(before.told) or play.strategy.done()
            assert play.strategy.best() is not None


@pytest.mark.parametrize("name", NAMES)
def test_what_a_plan_lacks_is_planned_as_this_release_would(name):
    """Two executions that read the same incomplete plan go on with the same steps."""
    before = played(name, steps=3)
    strategies = [make_strategy(name, before.setting) for _ in range(2)]
    for strategy in strategies:
        for result in before.told:
            strategy.tell(replace(result, note={}) if result.key == "plan" else result)
    assert strategies[0].plan == strategies[0].make_plan()
    assert strategies[0].ask(before.resources()) == strategies[1].ask(before.resources())


def test_a_note_comes_back_as_it_was_made():
    """Through the journal's JSON and back it is the same; lists become tuples again."""
    note = Kept(("b", "c"), 5, is_open=True)
    assert note.as_note() == {"names": ["b", "c"], "count": 5, "is_open": True}
    assert Kept.from_note(note.as_note()) == note


def test_a_value_of_another_type_counts_as_missing():
    """A number where a text was, or a list of something else, is not taken over."""
    assert Kept.from_note({"names": [1], "count": True, "is_open": 1}) == Kept()
    assert Kept.from_note({"count": "7"}, Kept(count=9)) == Kept(count=9)
