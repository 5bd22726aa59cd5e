"""Number puzzles are recognised however people phrase them, and nothing else is."""

import random
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demo_model import phrasings
from solver.checkers import problem_kind, recognise_checker
from solver.checkers.arithmetic import Arithmetic
from solver.checkers.choice import Choice
from solver.checkers.number import Number
from solver.checkers.recognise import ProblemKind

FOUR = Arithmetic((3, 7, 12, 25), 58)

PUZZLES = [
    "Use 3, 7, 12, 25 to make 58.",
    "use 3 7 12 25 to make 58",
    "Using each of 3, 7, 12 and 25 exactly once, make 58",
    "Make 58 from 3 7 12 25",
    "Countdown: numbers 3, 7, 12, 25; target 58",
    "With the numbers 3, 7, 12 and 25, reach 58.",
    "Please help me: with 3, 7, 12, 25 reach 58. Thank you!",
    "Hello! Given the numbers 3, 7, 12, and 25, find an expression that equals 58.",
    "**Use 3, 7, 12, 25 to make 58.**",
    "Numbers: 3,7,12,25\nTarget: 58",
    "Numbers: [3, 7, 12, 25]. The target is 58.",
    "Combine 3, 7, 12, 25 with + - * / to get 58.",
    "Combine 3, 7, 12, 25 with +, −, × and ÷ to get 58.",
    "With addition, subtraction, multiplication, division and 3, 7, 12, 25, each only once, get a total of 58.",
    "Can you make 58 using 3, 7, 12 and 25?",
    "Use the numbers 3, 7, 12, 25 to make 58. Show short working and end with a line 'Answer: ...'.",
    "Use $3, 7, 12, 25$ to make $58$.",
]


@pytest.mark.parametrize("text", PUZZLES)
def test_a_number_puzzle_is_recognised(text):
    """The numbers and the target are read from the wording."""
    assert recognise_checker(text) == FOUR
    assert problem_kind(text) == "countdown"


DOUBTFUL = [
    "",
    "58",
    "Make 58.",
    "Use 3 to make 58.",
    "Compute (3 + 7 * 12) mod 25.",
    "What is (3 * 7 + 12) mod 25?",
    "Use 3, 7, 12, 25 to make 58 modulo 60.",
    "Use 3, 7, 12, 25 to make 58. You may leave one out.",
    "Use any of 3, 7, 12, 25 to make 58.",
    "Use some of 3, 7, 12, 25 to make 58.",
    "Use each of 3, 7, 12, 25 at most once to make 58.",
    "Use 3, 7, 12, 25 and powers to make 58.",
    "Use 3, 7, 12, 25 with only + and - to make 58.",
    "Use 3, 7, 12, 25 and addition to make 58.",
    "Use 3, 7, 12, 25 to make 58 and 60.",
    "Use 3, 7, 12, 25 to make 58. Then use 1, 2 to make 3.",
    "Use 3, 7, 12.5, 25 to make 58.",
    "Use -3, 7, 12, 25 to make 58.",
    "Use 3 + 7, 12 and 25 to make 58.",
    "Use 1,250 and 3 to make 9.",
    "Use 3, 1,250 and 7 to make 9.",
    "Use 3, 7, 12, 25 to make 99999999999.",
    "Use 3, 7, 12, 25 to make 9^{9^{9^{9}}}.",
    "Use 3, 7, 12, 25 to make an expression of 58 characters.",
    "In how many ways can you make 58 from 3, 7, 12, 25?",
    "Recipes use 3, 7, 12, 25 eggs to make 58 cakes.",
    "Use 03, 7, 12, 25 to make 58.",
    "Find three numbers 3, 7, 12; 58 is what?",
    "Use " + ", ".join(["3"] * 21) + " to make 58.",
    "Use " + "3, " * 2_000 + "3 to make 58.",
]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("What is the remainder when 3 + 7 * 12 is divided by 19?", "modular"),
        ("What is the remainder when 3 + 7 * 12 is divided by 25?", "modular_large"),
        ("Compute (3 + 7 * 12) mod 4.", "modular_large"),
        ("Compute (3 + 7 * 112) mod 17.", "modular_large"),
        (r"Compute $(3 + 7 \times 12) \bmod 17$.", "modular"),
        ("Prove that there are infinitely many primes congruent to 3 mod 4.", "open"),
        ("Please explain what 3 + 7 mod 3 means.", "open"),
        ("Write a function that computes (a + 3) mod 5.", "open"),
        ("Design a schedule: how many shifts of 8 hours are there?", "open"),
        ("What is 17^5 mod 23?", "number"),
        ("A train leaves at 8 - 1 o'clock. What is the remainder of the way?", "open"),
        ("How many bones are there?", "number"),
    ],
)
def test_only_what_is_a_puzzle_is_one(text, kind):
    """A word of a puzzle in another problem makes no puzzle of it; who wants a text gets no number's kind."""
    assert problem_kind(text) == kind


@pytest.mark.parametrize("text", DOUBTFUL)
def test_a_doubtful_text_is_not_taken_for_a_puzzle(text):
    """A rule, a number or a word that puzzles do not have means that no checker is made up."""
    assert recognise_checker(text) is None


def test_large_tiles_without_spaces_are_a_list():
    """The comma of `75,100` is no thousands separator in a list that is written without spaces."""
    assert recognise_checker("Use 25,50,75,100 to make 300.") == Arithmetic((25, 50, 75, 100), 300)


@given(st.lists(st.integers(1, 30), min_size=2, max_size=6), st.integers(1, 100), st.integers(0, 10**9))
def test_every_published_phrasing_is_recognised(numbers, target, seed):
    """What the demo model was trained to read, the checker reads too."""
    text = phrasings.countdown(tuple(numbers), target, random.Random(seed))
    assert recognise_checker(text) == Arithmetic(tuple(numbers), target)


@given(st.integers(5, 19), st.integers(0, 10**9))
def test_no_published_modular_phrasing_is_taken_for_a_puzzle(modulus, seed):
    """Modular arithmetic has no checker; its answers come from models."""
    text = phrasings.modular("3 + 7 * (12 - 4)", modulus, random.Random(seed))
    assert recognise_checker(text) is None
    assert problem_kind(text) == "modular"


@pytest.mark.parametrize(
    ("text", "checker", "kind"),
    [
        ("What is 3 + 4?", None, "number"),
        ("How many primes are below 100?", None, "number"),
        ("Which is a prime?\n(A) 4\n(B) 5\n(C) 6", None, "choice"),
        ("Pick one", Choice(("yes", "no")), "choice"),
        ("Pi?", Number("3.14"), "number"),
        ("3 + 4 mod 5", Number("2"), "modular"),
        ("301 + 4 mod 5", Number("0"), "modular_large"),
        ("anything", FOUR, "countdown"),
        ("anything", Arithmetic((3, 7, 12, 25), 958), "countdown_large"),
        ("Use 3, 7, 12, 25, 50, 75 to make 95.", None, "countdown_large"),
        ("Write a poem about the sea.", None, "open"),
        ("modern modes", None, "open"),
        ("", None, "open"),
        ("(" * 1_000_000, None, "open"),
    ],
)
def test_problem_kinds(text, checker, kind):
    """The kind of a problem follows from its checker first, from its wording otherwise."""
    assert problem_kind(text, checker) == kind


@given(st.text(max_size=400))
def test_no_text_breaks_the_recogniser(text):
    """Any text has a kind."""
    assert problem_kind(text) in get_args(ProblemKind)
