"""The generators: every reference working is right, and evaluation stays unseen."""

import random

import pytest

from demo_model import phrasings, problems, tasks
from demo_model.check import is_right
from demo_model.training import data
from demo_model.training.tokenizer import ANSWER_ID, DIRECT, END_ID


@pytest.mark.parametrize("size", [2, 3, 4])
def test_every_working_of_a_puzzle_makes_its_target(size):
    """Each enumerated working checks by exact arithmetic."""
    rng = random.Random(size)
    for _ in range(12):
        numbers = tasks.countdown_numbers(size, rng)
        for target, workings in tasks.solutions(numbers).items():
            for _cost, steps in workings:
                reply = tasks.countdown_working(numbers, steps)
                assert is_right(tasks.Countdown(numbers, target), reply), reply


def test_steps_stay_whole_and_never_go_below_zero():
    """No step of a Countdown working divides unevenly or subtracts too much."""
    for workings in tasks.solutions((3, 7, 12, 25)).values():
        for _cost, steps in workings:
            for step in steps:
                assert step.value >= 0
                assert step.op != "/" or step.left % step.right == 0


def test_the_puzzle_of_the_documentation_can_be_solved():
    """58 can be made from 3, 7, 12 and 25, and every listed target is in range."""
    found = tasks.solutions((3, 7, 12, 25))
    assert 58 in found
    assert set(found) <= set(range(1, tasks.MAX_TARGET + 1))


def test_modular_answers_agree_with_python():
    """The value of the text, modulo m, is the answer; each step's remainder is shown right."""
    rng = random.Random(3)
    for _ in range(500):
        problem = tasks.modular(rng)
        assert eval(problem.expression) % problem.modulus == problem.answer
        assert is_right(problem, tasks.modular_working(problem))


def test_training_never_shows_an_evaluation_problem():
    """Training skips exactly the problems that evaluation draws from."""
    rng = random.Random(5)
    for item in [*problems.countdown(4, 12, rng), *problems.modular(12, rng)]:
        assert tasks.is_held_out(item.key)
    shuffled = tasks.Countdown((25, 3, 12, 7), 58)
    assert shuffled.key == tasks.Countdown((3, 7, 12, 25), 58).key


def test_a_working_with_wrong_tries_ends_with_an_answer():
    """Every training row ends with an Answer line; a retry says what it missed."""
    rng = random.Random(7)
    texts = []
    for _ in range(60):
        for row in data.draw(rng, data.Mix(0.8, 3, (1, 3, 6))):
            start = row.ids.index(ANSWER_ID) + 1
            assert len(row.ids) == len(row.imitate)
            assert not any(row.imitate[:start])
            assert row.ids[-1] == END_ID
            texts.append(DIRECT.decode(row.ids[start:]))
    assert all(text.splitlines()[-1].startswith("Answer: ") for text in texts)
    assert any(", not " in text for text in texts)
    assert max(text.count(", not ") for text in texts) <= data.TRIES


def test_every_phrasing_names_the_numbers_and_the_target():
    """No phrasing drops a part of the problem."""
    for text in phrasings.COUNTDOWN:
        assert "{numbers}" in text
        assert "{target}" in text
    for text in phrasings.MODULAR:
        assert "{expression}" in text
        assert "{modulus}" in text
