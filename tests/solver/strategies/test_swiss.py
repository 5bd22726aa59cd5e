"""`swiss`: who meets whom, in which order, and what comes of it."""

from dataclasses import replace

from solver.core.problem.statement import Problem
from solver.core.steps import StepKind
from solver.strategies import make_strategy
from solver.strategies.swiss import Swiss
from tests.solver.played import NUMBER, PANEL, Play, kinds, world


def split(votes: dict[str, int], *, better: str = "42", place: str | None = None):
    """Tries give these answers, so many of each; the judge prefers `better`, or always a place."""
    said = [answer for nth in range(max(votes.values())) for answer, count in votes.items() if count > nth]

    def respond(step, rng):
        if step.kind is not StepKind.COMPARE:
            return f"Answer: {said[int(step.key.rpartition('/')[2]) % len(said)]}"
        if place:
            return f"Better: {place}"
        first, second = step.messages[-1].content.split("</candidate>")[:2]
        if f"Answer: {better}\n" in first:
            return "Better: A"
        return "Better: B" if f"Answer: {better}\n" in second else "Better: A"

    return respond


def doubtful(respond, budget_nano=150_000_000, **options):
    """A job that no number of agreeing tries would satisfy, so that its tournament is always played."""
    play = Play("swiss", respond, budget_nano=budget_nano, options={"confidence_target": 0.995}, **options)
    play.run()
    return play


def comparisons(play):
    return {result.key: result for result in play.told if result.kind is StepKind.COMPARE}


def test_the_right_minority_wins_the_tournament():
    """The answer that a good judge prefers leads, though fewer tries gave it; each pair meets in both orders."""
    panel = [replace(one, judging={"": {"comparison": 0.9}}) for one in PANEL]
    play = doubtful(split({"1": 4, "42": 3, "2": 2, "3": 2}), budget_nano=95_000_000, panel=panel)
    best, told = play.strategy.best(), comparisons(play)
    assert best.answer == "42"
    assert "it won" in best.explanation
    pairs = [result.parents for result in told.values()]
    assert len(set(pairs)) == len(pairs)
    assert {frozenset(pair) for pair in pairs if pair[::-1] not in pairs} in (set(), {frozenset(pairs[-1])})


def test_a_judge_that_prefers_a_place_decides_nothing():
    """Both orders are shown, so what it says cancels out: more votes lead as before, and the pair does not meet again."""
    biased = doubtful(split({"1": 4, "42": 3}, place="A"), slots=2)
    assert [result.parents for result in comparisons(biased).values()] == [
        result.parents[::-1] for result in reversed(comparisons(biased).values())
    ]
    assert biased.strategy.best().answer == "1"


def test_a_margin_is_asked_of_models_that_can_give_one_and_is_counted():
    """The bundled models were trained on the bare line; another judge is asked by how much, and may say it."""

    def by_far(step, rng):
        return f"{split({'1': 4, '42': 3})(step, rng)}\nBy: 3"

    for bundled in (True, False):
        play = doubtful(by_far, panel=[replace(one, bundled=bundled) for one in PANEL], slots=2)
        prompts = [play.asked[key].messages[-1].content for key in comparisons(play)]
        assert prompts
        assert all(("“By: 3”" in prompt) is not bundled for prompt in prompts)


def test_a_job_that_began_as_a_knockout_goes_on_as_swiss():
    """The name of an earlier release means this strategy; its matches are evidence, and who met is drawn anew."""
    before = doubtful(split({"1": 4, "42": 3, "2": 2}), slots=2)
    assert isinstance(make_strategy("knockout", before.setting), Swiss)
    older = [
        replace(result, key=result.key.replace("compare/", "match/0/").replace("entrants", "finalists"))
        for result in before.told
    ]
    play = Play("knockout", before.respond, budget_nano=before.budget_nano)
    for result in older[:-1]:
        play.tell(result)
    play.run()
    assert play.strategy.best().answer in {"1", "42"}
    assert len(play.told) > len(older)


def test_agreement_needs_no_tournament():
    """Where the tries agree the job ends before anything is compared."""
    play = Play("swiss", split({"42": 9}), budget_nano=150_000_000)
    assert play.run() == "confident"
    assert set(kinds(play)) == {"sample"}


def test_a_small_budget_and_a_checker_leave_no_place_for_comparisons():
    """Too little money for both buys tries; so does a checker that knows."""
    small = Play("swiss", split({"1": 2, "42": 1}), budget_nano=4_000_000)
    small.run()
    is_checkable = Play(
        "swiss", world(ability=0.02), problem=Problem("?", checker=NUMBER), budget_nano=150_000_000
    )
    is_checkable.run()
    assert set(kinds(small)) == set(kinds(is_checkable)) == {"sample"}


def test_the_judge_is_of_another_family_than_the_solver():
    """Errors of one family agree, so another one judges what a family solved alone."""
    roles = doubtful(split({"1": 1})).strategy.roles
    assert roles.choose_judge(["demo/one"]) == "other/two"
    assert roles.choose_judge(["other/two"]) == "demo/one"
