"""`tree`: where the next dollar goes, what revisions are shown, and what ten thousand steps cost."""

import time

from solver.core.problem.statement import Problem
from solver.core.steps import Status, StepKind, StepResult
from tests.solver.played import NUMBER, Play, kinds, world
from tests.solver.simulated import card

PROVES = Problem("What is 6 times 7?", checker=NUMBER)


def revisable(*, tries: float, revisions: float):
    """Tries are right with one chance, revisions with another."""

    def respond(step, rng):
        if step.kind is StepKind.GRADE:
            return "Step 1: ok\nStep 2: wrong, twice too much\nVerdict: incorrect"
        chance = revisions if step.kind is StepKind.REVISE else tries
        return f"Answer: {42 if rng.random() < chance else rng.randrange(50, 1000)}"

    return respond


def shares(respond, *, seeds=12, panel=None, **options):
    """Return how often, over some jobs, a trial of each kind and model was made."""
    wide = deep = 0
    models: dict[str, int] = {}
    for seed in range(seeds):
        extra = {"panel": panel} if panel else {}
        play = Play("tree", respond, seed=seed, budget_nano=120_000_000, slots=1, **extra, **options)
        play.run()
        for result in play.told:
            wide += result.kind is StepKind.SAMPLE
            deep += result.kind is StepKind.REVISE
            models[result.model] = models.get(result.model, 0) + 1
    return wide, deep, models


def test_it_goes_deeper_where_revisions_work_and_wider_where_they_do_not():
    """Where revising only costs more it is done less; where it alone succeeds it is found out."""
    wide, deep, _ = shares(revisable(tries=0.02, revisions=0.0), problem=PROVES)
    assert wide > deep
    solved = [
        Play(
            "tree",
            revisable(tries=0.0, revisions=0.5),
            seed=seed,
            budget_nano=300_000_000,
            problem=PROVES,
            slots=1,
        )
        for seed in range(12)
    ]
    assert sum(play.run() == "solved" for play in solved) >= 11
    lost = [
        Play(
            "vote",
            revisable(tries=0.0, revisions=0.5),
            seed=seed,
            budget_nano=300_000_000,
            problem=PROVES,
            slots=1,
        )
        for seed in range(3)
    ]
    assert all(play.run() != "solved" for play in lost)


def test_a_dear_model_that_is_no_better_is_used_less():
    """Gain counts per dollar."""
    panel = [card("demo/cheap", ability=0.5), card("other/dear", ability=0.5, pico=50_000_000)]
    _, _, models = shares(revisable(tries=0.05, revisions=0.05), panel=panel, problem=PROVES)
    assert models["demo/cheap"] > 3 * models.get("other/dear", 0)


def test_an_able_model_is_worth_its_price_where_the_cheap_one_fails():
    """A model that hardly ever succeeds loses its turn however cheap it is."""
    panel = [card("demo/cheap", ability=0.3), card("other/dear", ability=0.9, pico=10_000_000)]

    def respond(step, rng):
        chance = 0.6 if step.model == "other/dear" else 0.0
        return f"Answer: {42 if rng.random() < chance else rng.randrange(50, 999)}"

    solved = [
        Play("tree", respond, seed=s, budget_nano=200_000_000, panel=panel, problem=PROVES) for s in range(12)
    ]
    assert sum(play.run() == "solved" for play in solved) >= 10


def test_a_revision_is_shown_what_the_grader_or_the_checker_said():
    """The reasons of a failed grade, or the checker's words, stand in the prompt of the revision."""
    graded = Play(
        "tree",
        revisable(tries=0.2, revisions=0.2),
        budget_nano=400_000_000,
        options={"confidence_target": 0.99},
    )
    graded.run()
    shown = [step.messages[-1].content for step in graded.asked.values() if step.kind is StepKind.REVISE]
    assert "grade" in kinds(graded)
    assert any("twice too much" in content for content in shown)
    checked = Play("tree", revisable(tries=0.0, revisions=0.02), budget_nano=200_000_000, problem=PROVES)
    checked.run()
    revisions = [step for step in checked.asked.values() if step.kind is StepKind.REVISE]
    assert revisions
    assert all("The answer is not 42." in step.messages[-1].content for step in revisions)


def test_failed_trials_end():
    """A trial that failed is no candidate, and its arm has one failure more."""
    play = Play("tree", lambda *_: None, problem=PROVES)
    assert play.run() == "no_progress"
    assert "revise" not in kinds(play)
    assert sum(arm.bad for arm in play.strategy._wider.values()) == len(kinds(play))


def test_it_ends_by_agreement_without_a_checker():
    """Tries that agree make it as sure as they make a vote."""
    play = Play("tree", world(ability=0.9, judging=0.9), budget_nano=200_000_000)
    assert play.run() == "confident"
    assert play.strategy.best().answer == "42"


def test_ten_thousand_steps_cost_a_millisecond_each_at_most():
    """The frontier is bounded, so asking and telling at the end cost what they cost in the beginning."""
    play = Play(
        "tree", world(), problem=PROVES, budget_nano=10**13, slots=1, options={"confidence_target": 0.999}
    )
    for index in range(10_000):
        said = f"{index % 7_000 + 100}"
        parents = (f"node/{index - 1}",) if index % 3 == 2 else ()
        kind = StepKind.REVISE if parents else StepKind.SAMPLE
        play.strategy.tell(
            StepResult(
                f"node/{index}", kind, Status.OK, model="demo/one", parents=parents, text=f"Answer: {said}",
                answer=said, answer_key=f"num:{said}",
            )
        )  # fmt: skip
    play.strategy.tell(
        StepResult("plan", StepKind.NOTE, Status.NOTE, note=play.strategy.make_plan().as_note())
    )
    resources = play.resources()
    began_s = time.process_time()
    for _ in range(20):
        assert play.strategy.wanted(resources)[0].key == "node/10000"
    assert len(play.strategy._frontier) <= 12
    # A hundred times what it takes: a quadratic search would take seconds.
    assert (time.process_time() - began_s) / 20 < 0.1
