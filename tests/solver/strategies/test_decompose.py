"""`decompose`: the split, the parts with their shares, the composed answers and the direct tries beside them."""

from dataclasses import replace

from solver.core.problem.statement import Problem
from solver.core.steps import StepKind
from tests.solver.played import NUMBER, Play, kinds

PARTS = "<part>What is 2 times 21?</part>\n<part>What is 42 minus 0?</part>"


def splitting(*, plan: str | None = PARTS, part: str = "21", composed: str = "42", direct: str = "41"):
    """Parts, compositions and direct tries each come to their own answer."""

    def respond(step, rng):
        if step.kind is StepKind.PLAN:
            return plan
        if step.subproblem:
            return f"Answer: {part}"
        if step.kind is StepKind.AGGREGATE:
            return f"Answer: {composed}"
        return f"Answer: {direct if direct != 'scatter' else rng.randrange(10_000)}"

    return respond


def play(respond, budget_nano=200_000_000, **options):
    made = Play("decompose", respond, budget_nano=budget_nano, **options)
    made.reason = made.run(check_replays=0.1)
    return made


def of_parts(made):
    return [result for result in made.told if result.key.startswith("part/")]


def test_the_parts_are_solved_and_their_answers_shown_to_who_composes():
    """Plan, parts to agreement, then compositions that were shown the parts' answers."""
    made = play(splitting())
    assert kinds(made)[0] == "plan"
    assert {result.key.split("/")[1] for result in of_parts(made)} == {"0", "1"}
    composing = next(step for step in made.asked.values() if step.kind is StepKind.AGGREGATE)
    content = composing.messages[-1].content
    assert "What is 2 times 21?" in content
    assert "sure): 21" in content
    assert composing.key == "compose/0"


def test_steps_of_a_part_are_marked_and_never_an_answer_to_the_whole():
    """The job's checker does not apply to them, and no candidate comes from them."""
    made = play(splitting(part="42", composed="7", direct="7"), problem=Problem("?", checker=NUMBER))
    assert all(made.asked[result.key].subproblem for result in of_parts(made))
    assert not any(step.subproblem for key, step in made.asked.items() if not key.startswith("part/"))
    assert made.reason != "solved"
    assert made.strategy.best().answer == "7"


def test_the_parts_keep_to_half_of_the_budget():
    """Each part has its share; what is left pays for the whole."""
    scattered = splitting(direct="scatter", composed="scatter")

    def respond(step, rng):
        return f"Answer: {rng.randrange(10_000)}" if step.subproblem else scattered(step, rng)

    made = play(respond)
    # A call under way when the share ends may go a little beyond it.
    assert sum(result.charged_nano for result in of_parts(made)) < 0.55 * made.budget_nano
    assert "aggregate" in kinds(made)


def test_composed_answers_rest_on_the_same_parts():
    """Three equal compositions say less than three equal independent tries."""
    made = play(splitting(direct="scatter"))
    cluster = made.strategy.evidence.clusters["num:42"]
    assert (cluster.tries, cluster.repeats) == (1, 2)
    assert cluster.votes.total < 2


def test_a_plan_that_splits_nothing_leaves_the_money_to_tries():
    """No parts, one part, or no plan at all: the whole is tried directly."""
    for plan in ("It should not be split.", "<part>all of it</part>", None):
        made = play(splitting(plan=plan, direct="42"))
        assert made.reason == "confident"
        assert made.strategy.best().answer == "42"
        assert kinds(made).count("plan") == (2 if plan is None else 1)
        assert set(kinds(made)) == {"plan", "sample"}


def test_too_small_a_budget_is_not_spent_on_a_plan():
    """Where a plan and a dozen tries do not fit there is no plan."""
    made = play(splitting(direct="42"), budget_nano=20_000_000)
    assert set(kinds(made)) == {"sample"}


def test_a_part_may_be_split_once_more_and_no_further():
    """The depth goes down with each split."""
    made = play(splitting())
    child = made.strategy._parts["part/0"]
    assert child.setting.options["depth"] == 1
    assert child.setting.budget_nano == made.budget_nano // 4
    bottom = Play("decompose", splitting(direct="42"), budget_nano=200_000_000, options={"depth": 0})
    bottom.run()
    assert set(kinds(bottom)) == {"sample"}
    assert replace(child.setting).problem.text == "What is 2 times 21?"
