"""`program`: what programs print votes; attempts take over where programs come to nothing."""

from solver.core.problem.result_kind import ResultKind
from solver.core.problem.statement import Problem
from solver.core.steps import StepKind, StopReason
from tests.solver.played import NUMBER, Play, kinds, world


def test_equal_outputs_vote_under_the_name_of_who_wrote_the_program():
    """Each program is run once, by a step that costs nothing and shows its program; the answer is what most print."""
    play = Play("program", world(ability=0.7), slots=4, budget_nano=10**9)
    assert play.run(check_replays=0.5) is StopReason.CONFIDENT
    assert play.strategy.best().answer == "42"
    assert play.strategy.best().text.startswith("```python\nprint(42)\n```")
    outputs = [result for result in play.told if result.kind is StepKind.OUTPUT]
    written = {result.key: result.model for result in play.told if result.kind is StepKind.PROGRAM}
    assert len(outputs) == len(written) >= 3
    assert all(output.model == written[output.parents[0]] and not output.charged_nano for output in outputs)
    assert set(kinds(play)) == {"program", "output"}
    assert play.strategy.phase().startswith("Compute — ")


def test_a_checker_proves_what_a_program_prints():
    """The job ends with the first right output; the program is told what form the answer has."""
    play = Play("program", world(ability=0.4), problem=Problem("?", checker=NUMBER), slots=1)
    assert play.run() is StopReason.SOLVED
    assert play.told[-1].kind is StepKind.OUTPUT
    assert NUMBER.hint() in play.asked["program/0"].messages[-1].content


def test_where_no_code_can_be_run_attempts_are_made():
    """The first run says so, and nothing more is written."""
    play = Play("program", world(ability=0.9), runs_code=False, budget_nano=10**9)
    assert play.run(check_replays=0.5) is StopReason.CONFIDENT
    assert play.strategy.best().answer == "42"
    assert kinds(play).count("program") <= 3
    assert kinds(play).count("sample") >= 3


def test_programs_that_all_fail_give_way_to_attempts():
    """Replies without a program, and programs that print nothing a world can run."""
    for reply in ("I would rather not.", "```python\nimport sys\n```"):
        able = world(ability=0.9)
        play = Play(
            "program",
            lambda step, rng, able=able, reply=reply: (
                reply if step.kind is StepKind.PROGRAM else able(step, rng)
            ),
            budget_nano=10**9,
        )
        play.run()
        assert play.strategy.best().answer == "42"
        assert kinds(play).count("program") <= 5


def test_no_program_prints_an_essay():
    """Where no short answer should come back, nothing is computed."""
    play = Play("program", world(), problem=Problem("Write an essay.", result=ResultKind.TEXT), max_steps=20)
    play.run()
    assert "program" not in kinds(play)
