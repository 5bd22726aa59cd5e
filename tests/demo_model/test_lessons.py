"""The thinker's lessons: true thoughts, true labels, and nothing of the evaluation."""

import random
import re

import pytest

from demo_model import tasks
from demo_model.check import answer_of, is_right
from demo_model.training import cases, lessons, slips, thoughts
from demo_model.training.rewrite import parse, reductions, text_of
from demo_model.training.tokenizer import END_ID, THINK, THINKER, THOUGHT

PUZZLE = tasks.Countdown((3, 7, 12, 25), 58)


def drawn(kind: str, count: int, seed: int):
    """Yield cases and the row's decoded thought and reply."""
    rng = random.Random(seed)
    for _ in range(count):
        case = cases.draw_case(rng)
        row = lessons.lesson(kind, case, rng)
        ids = row.ids
        opened, closed = ids.index(THINKER.ids[THINK]), ids.index(THINKER.ids[THOUGHT])
        assert len(ids) == len(row.imitate)
        assert not any(row.imitate[:opened])
        assert all(row.imitate[closed:])
        assert ids[-1] == END_ID
        yield case, THINKER.decode(ids[opened + 1 : closed]), THINKER.decode(ids[closed + 1 : -1])


def test_a_modular_thought_ends_when_two_workings_agree():
    """Right workings are imitated, wrong ones are not; the last answer is right, and no wrong one repeats."""
    rng = random.Random(1)
    wrong = given_up = 0
    for _ in range(150):
        problem = tasks.modular(rng)
        recorded = [slips.working(problem, rng, 1) for _ in range(3)]
        segments = thoughts.workings(problem, recorded, rng)
        answers = [answer_of(text) for text, _ in segments]
        assert [is_right(problem, text) for text, _ in segments] == [copied for _, copied in segments]
        assert answers[-1] == str(problem.answer)
        misses = [answer for answer in answers if answer != answers[-1]]
        assert len(set(misses)) == len(misses)
        if answers.count(answers[-1]) == 1:
            assert len(answers) == thoughts.MAX_WORKINGS
            given_up += 1
        wrong += len(misses)
    assert wrong > 60
    assert given_up < 20


def test_expressions_are_worked_out_in_the_order_of_the_reference():
    """What is left after each step has the value of the whole, modulo m."""
    rng = random.Random(2)
    for _ in range(100):
        problem = tasks.modular(rng)
        reduced = list(reductions(problem.expression, problem.modulus))
        assert tuple(step for step, _ in reduced) == problem.steps
        for _, rest in reduced:
            assert eval(text_of(rest)) % problem.modulus == problem.answer


def test_what_is_left_is_written_so_that_it_reads_the_same():
    """Brackets survive parsing and writing, and every division that leaves a rest is refused."""
    for text in ("2 - (3 - 4) * (5 + 6)", "8 / (4 / 2)", "1 + (2 + 3)", "7"):
        assert text_of(parse(text)) == text
    assert [step.value for step, _ in reductions("(25 - 7) / 3 * 2", None)] == [18, 6, 12]
    for text in ("7 / 2", "1 / 0", "2 ** 9", "f(1)", "1 +", "(" * 300, "9" * 300):
        with pytest.raises(ValueError, match=r"whole number|expression"):
            list(reductions(text, None))


@pytest.mark.parametrize(
    "answer",
    ["(25 - 12) * 3 + 7", "25 + 12 + 7", "12 - 12 + 25 + 7", "7 / 3 + 25 + 12", "", "x", "((((", "1" * 400],
)
def test_a_check_of_a_wrong_answer_finds_it_wrong(answer):
    """Wrong values, wrong numbers, rests and nonsense all end in a line that says so."""
    found = thoughts.check(PUZZLE, f"Answer: {answer}")
    assert found.steps is None
    assert re.search(r"(wrong|not 58)\n$", found.text)


def test_a_check_agrees_with_exact_arithmetic():
    """Workings of any target are found right exactly where exact arithmetic says so."""
    rng = random.Random(3)
    for target, workings in tasks.solutions(PUZZLE.numbers).items():
        reply = tasks.countdown_working(PUZZLE.numbers, rng.choice(workings)[1])
        assert (thoughts.check(PUZZLE, reply).steps is not None) == (target == 58)


@pytest.mark.parametrize("kind", ["solve", "revise", "aggregate"])
def test_solutions_are_right_or_given_up_after_the_last_try(kind):
    """A reply solves the problem, unless every allowed try has failed."""
    given_up = 0
    for case, thought, reply in drawn(kind, 150, seed=4):
        if not is_right(case.problem, reply):
            assert thought.count(", not ") >= thoughts.MAX_TRIES
            assert answer_of(reply)
            given_up += 1
    assert given_up < 30


def test_verdicts_follow_the_candidates_answer():
    """About half the candidates are right; of a modular one only the answer is read, so no step of it is judged."""
    correct = 0
    for case, _, reply in drawn("grade", 120, seed=5):
        *steps, verdict = reply.splitlines()
        assert verdict in ("Verdict: correct", "Verdict: incorrect")
        assert [line.partition(":")[0] for line in steps] == [f"Step {n + 1}" for n in range(len(steps))]
        if verdict == "Verdict: correct":
            correct += 1
        if isinstance(case.problem, tasks.Modular):
            # A working without a single “mod” is taken for any other text.
            assert len(steps) <= 3
    assert 35 < correct < 85


def test_a_modular_working_is_noted_then_worked_out_anew_then_compared():
    """The candidates' answers come first, where nothing else can be mistaken for them, and again with the verdict."""
    for case, thought, reply in drawn("compare", 80, seed=8):
        if isinstance(case.problem, tasks.Modular):
            lines = thought.splitlines()
            first, second = lines[1], lines[3]
            assert [lines[0], lines[2], lines[-4], lines[-2]] == ["A:", "B:", "A:", "B:"]
            assert (lines[-3].split(",")[0], lines[-1].split(",")[0]) == (first, second)
            right = first if reply == "Better: A" else second
            assert right == str(case.problem.answer)


def test_comparisons_choose_the_right_candidate_in_either_place():
    """A is right about half the time."""
    better = [reply for _, _, reply in drawn("compare", 80, seed=6)]
    assert set(better) == {"Better: A", "Better: B"}
    assert 20 < better.count("Better: A") < 60


def test_made_candidates_are_what_they_claim():
    """A made right reply is right; slips make most modular workings wrong."""
    rng = random.Random(7)
    for _ in range(40):
        case = cases.draw_case(rng)
        right, wrong = cases.replies_of(case, rng)
        assert all(is_right(case.problem, reply) for reply in right)
        assert not any(is_right(case.problem, reply) for reply in wrong)
    problem = tasks.modular(rng)
    assert is_right(problem, slips.working(problem, rng, 0))


def test_no_lesson_is_about_an_evaluation_problem():
    """Cases skip what evaluation draws from."""
    rng = random.Random(8)
    assert not any(tasks.is_held_out(cases.draw_case(rng).problem.key) for _ in range(200))
