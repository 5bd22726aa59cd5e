"""The picture of a search: where steps stand, what stands together, and what the page says of it."""

import json
import random

import pytest

from jobs.presenters.search.caption import caption_of
from jobs.presenters.search.layout import SINGLY, draw
from jobs.presenters.search.marks import ROLES, Mark, Role, State
from jobs.presenters.search.outline import HEIGHT, WIDTH, outline_of
from jobs.presenters.search.picture import Picture
from jobs.presenters.search.rows import PITCH
from solver.core.problem.result_kind import ResultKind
from solver.core.problem.statement import Problem
from solver.core.steps import Status, StepKind
from solver.strategies.registry import REGISTRY
from solver.text.prompting.prompts import read_better
from tests.solver.played import Play, world

TEXTS = "drafts"


def played(name: str) -> tuple[list[Mark], str | None]:
    """Return the steps of a play of a strategy, and the key of the one whose answer is shown."""
    problem = (
        Problem("Write an essay.", result=ResultKind.TEXT) if name == TEXTS else Problem("What is 6 times 7?")
    )
    play = Play(name, world(muteness=0.1), problem=problem, budget_nano=300_000_000, max_steps=50)
    play.run()
    marks = []
    for result in play.told:
        if result.kind is StepKind.NOTE:
            continue
        step = play.asked[result.key]
        marks.append(
            Mark(
                result.key,
                result.key,
                Role.DRAFT if name == TEXTS and result.kind is StepKind.SAMPLE else ROLES[result.kind],
                result.parents,
                step.purpose,
                State.FAILED if result.status is Status.FAILED else State.OK,
                group=result.answer_key or "",
                answer=result.answer or "",
                better=read_better(result.text) if result.kind is StepKind.COMPARE else None,
                charged_nano=result.charged_nano,
                is_part=step.subproblem,
            )
        )
    marks += [
        Mark(step.key, step.key, ROLES[step.kind], step.parents, state=State.OPEN)
        for step in play.in_flight.values()
    ]
    best = play.strategy.best()
    return marks, best.step_key if best else None


def invented(count: int, *, answers: int = 40) -> list[Mark]:
    """Return so many steps of all roles, with any of the earlier ones as parents."""
    rng = random.Random(count)
    marks: list[Mark] = []
    proposals: list[str] = []
    for number in range(count):
        role = rng.choices(
            [Role.TRY, Role.REVISION, Role.MERGE, Role.CHECK, Role.COMPARISON], [5, 2, 1, 2, 1]
        )[0]
        need = {Role.TRY: 0, Role.REVISION: 1, Role.CHECK: 1, Role.MERGE: 3, Role.COMPARISON: 2}[role]
        if len(proposals) < max(need, 4):
            role, need = Role.TRY, 0
        group = str(min(int(rng.expovariate(0.25)), answers - 1)) if role.proposes else ""
        key = f"step/{number}"
        marks.append(
            Mark(
                key,
                key,
                role,
                tuple(rng.sample(proposals[-200:], need)),
                key,
                group=group,
                answer=group,
                charged_nano=number % 7,
            )
        )
        if role.proposes:
            proposals.append(key)
    return marks


def is_apart(picture: Picture) -> bool:
    """Tell whether no two nodes stand closer than what can be hit with a finger."""
    places = [(node.x + node.dx, node.y) for node in picture.nodes]
    return all(
        max(abs(x - other_x), abs(y - other_y)) >= PITCH
        for at, (x, y) in enumerate(places)
        for other_x, other_y in places[:at]
    )


@pytest.mark.parametrize("name", REGISTRY)
def test_every_strategy_is_drawn_whole(name):
    """Each step is in one node, none hides another, all are within the picture, and the same steps give the same one."""
    marks, shown = played(name)
    picture = draw(marks, shown)
    assert picture is not None
    assert sorted(mark.id for node in picture.nodes for mark in node.marks) == sorted(
        mark.id for mark in marks
    )
    assert is_apart(picture)
    assert all(0 < node.x + node.dx < picture.width and 0 < node.y < picture.height for node in picture.nodes)
    assert sum(node.is_shown for node in picture.nodes) == 1
    assert any(edge.style == "way" for edge in picture.edges)
    assert draw(marks, shown) == picture
    outline = outline_of(marks, shown)
    assert any(is_strong for _, _, is_strong in outline["lines"])
    assert all(0 < x < WIDTH and 0 < y < HEIGHT for x, y, *_ in outline["dots"])
    assert len(json.dumps(outline)) < 5_000


@pytest.mark.parametrize("count", [5, 50, 500, 5_000])
def test_many_steps_are_gathered_and_none_is_lost(count):
    """A picture of five thousand steps has few nodes, which stand for all of them, and is hardly larger."""
    marks = invented(count)
    picture = draw(marks, marks[0].key)
    assert picture is not None
    assert sum(node.count for node in picture.nodes) == count
    assert len(picture.nodes) <= max(SINGLY, 100)
    assert len({node.name for node in picture.nodes}) == len(picture.nodes)
    assert (picture.width, picture.height) < (1000, 900)
    assert is_apart(picture)


@pytest.mark.parametrize("name", ["auto", "tree", "aggregate", TEXTS])
def test_a_further_step_moves_no_answer_past_another(name):
    """Lanes keep their order while a job runs, and what has a name keeps it."""
    marks, _ = played(name)
    before: list[str] = []
    for count in range(1, len(marks) + 1):
        picture = draw(marks[:count])
        if picture is None:
            continue
        now = [lane.label for lane in picture.lanes if lane.label != "running"]
        kept = [label for label in before if label in now]
        assert [label for label in now if label in kept] == kept
        before = now


def test_equal_answers_share_a_lane_and_the_rare_ones_another():
    """An attempt stands beside those that gave the same answer; beyond eight answers, the rest are told together."""
    marks = [Mark(f"{number}", f"s/{number}", Role.TRY, group=str(number % 20)) for number in range(50)]
    picture = draw(marks, "s/19")
    assert picture is not None
    assert [lane.label for lane in picture.lanes][-1] == "other answers"
    assert len(picture.lanes) == 9
    assert [lane.kind for lane in picture.lanes].count("shown") == 1


def test_the_caption_says_where_the_answer_comes_from():
    """Counts in the order of the work, and the way of the shown answer in words."""
    attempts = [Mark(f"{number}", f"s/{number}", Role.TRY) for number in range(12)]
    revisions = [
        Mark("r0", "r/0", Role.REVISION, ("s/3",)),
        Mark("r1", "r/1", Role.REVISION, ("r/0",)),
        Mark("r2", "r/2", Role.REVISION, ("s/5",)),
    ]
    met = [Mark(f"c{number}", f"c/{number}", Role.COMPARISON, ("r/1", "s/1")) for number in range(8)]
    merge = Mark("m", "m", Role.MERGE, ("r/1", "s/1"))
    marks = attempts + revisions + met
    assert caption_of(marks, "r/1") == (
        "12 attempts, 3 revisions, 8 comparisons; the shown answer came from attempt 4, revised twice."
    )
    assert caption_of([*marks, merge], "m").endswith("8 comparisons; the shown answer combines 2 others.")
    assert caption_of(attempts, None) == "12 attempts."
    # Replies come in any order; each is called as in the picture and the table.
    named = [
        Mark("1", "draft/1", Role.DRAFT, name="Draft 2"),
        Mark("0", "draft/0", Role.DRAFT, name="Draft 1"),
    ]
    assert caption_of(named, "draft/1") == "2 drafts; the shown text came from draft 2."
    assert draw([met[0]._replace(parents=())]) is None
