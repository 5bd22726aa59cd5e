"""`refine`: the order of solving, improving, grading and repairing; when a line is accepted or abandoned."""

from solver.core.problem.statement import Problem
from solver.core.steps import StepKind
from tests.solver.played import NUMBER, Play, kinds
from tests.solver.simulated import card

PANEL = [card("demo/one"), card("other/two", ability=0.5)]


def scripted(*grades: str, essay: bool = False, answers: tuple[str, ...] = ("42",)):
    """Grades come in this order, the last one for ever; tries and revisions give these answers in turn."""
    left, said = list(grades), list(answers)

    def respond(step, rng):
        if step.kind is StepKind.GRADE:
            word = left.pop(0) if len(left) > 1 else left[0]
            return {
                "pass": "Verdict: correct",
                "fail": "Step 2: wrong, it does not follow\nVerdict: incorrect",
            }.get(word, "Hm.")
        if essay:
            return f"An essay, version {step.key}."
        return f"Answer: {said.pop(0) if len(said) > 1 else said[0]}"

    return respond


def play(respond, budget_nano=100_000_000, *, max_steps=400, **options):
    made = Play(
        "refine", respond, budget_nano=budget_nano, panel=PANEL, slots=1, max_steps=max_steps,
        options={"confidence_target": 0.995}, **options,
    )  # fmt: skip
    made.reason = made.run()
    return made


def of_line(made, number):
    return [r.kind.value for r in made.told if r.key.startswith(f"line/{number}/")]


def test_a_line_is_solved_improved_and_accepted_after_three_passes_running():
    """Solve, improve, three grades; then the next line begins."""
    made = play(scripted("pass"))
    assert of_line(made, 0) == ["sample", "revise", "grade", "grade", "grade"]
    assert of_line(made, 1)[:1] == ["sample"]
    assert "accepted by a grader" in made.strategy.best().explanation


def test_a_failed_grade_is_repaired_with_its_reasons_and_graded_anew():
    """The repair is shown the reasons; passes before a fail do not count."""
    made = play(scripted("pass", "pass", "fail", "pass"))
    assert of_line(made, 0) == [
        "sample",
        "revise",
        "grade",
        "grade",
        "grade",
        "revise",
        "grade",
        "grade",
        "grade",
    ]
    repair = made.asked["line/0/2"]
    assert "it does not follow" in repair.messages[-1].content
    assert repair.parents == ("line/0/1",)
    assert "line/0/1/grade/3" not in made.asked


def test_ten_fails_abandon_a_line():
    """What cannot be repaired is left, and another line starts from nothing."""
    made = play(scripted("fail", answers=tuple(str(n) for n in range(90))), budget_nano=300_000_000)
    assert of_line(made, 0).count("grade") == 10
    assert of_line(made, 1)[0] == "sample"


def test_no_answer_is_graded_more_than_eight_times():
    """A grader is never asked again until it happens to pass."""
    made = play(scripted("fail"), budget_nano=500_000_000)
    assert kinds(made).count("grade") == 8


def test_a_grader_that_says_nothing_is_no_longer_asked():
    """After four replies without a verdict, lines are solved and improved only; the tries still count."""
    made = play(scripted("hm"), budget_nano=200_000_000)
    assert kinds(made).count("grade") == 4
    assert made.strategy.best().answer == "42"
    assert len(made.strategy._lines) > 3


def test_an_accepted_essay_ends_the_job():
    """Nothing can agree with free text, so acceptance ends it; the confidence is the grader's, not the author's."""
    made = play(scripted("pass", essay=True))
    assert made.reason == "confident"
    assert 0.5 < made.strategy.best().confidence < 0.95
    assert made.strategy.best().step_key == "line/0/1"
    assert made.strategy.best().checked == "✓ Accepted by other/two in 3 of 3 checks."


def test_the_grader_is_of_another_family():
    """Solver and grader differ while the panel allows it."""
    made = play(scripted("pass"))
    graders = {step.model for step in made.asked.values() if step.kind is StepKind.GRADE}
    assert graders.isdisjoint({made.strategy.plan.solvers[0]})


def test_a_checker_takes_the_graders_place():
    """A refused answer is repaired with the checker's words, three times at most; nothing is graded."""
    made = play(
        scripted("pass", answers=("1", "2", "3", "4", "42")),
        problem=Problem("?", checker=NUMBER),
        budget_nano=90_000_000,
    )
    assert made.reason == "solved"
    assert kinds(made) == ["sample", "revise", "revise", "sample", "revise"]
    assert "The answer is not 42." in made.asked["line/0/1"].messages[-1].content
