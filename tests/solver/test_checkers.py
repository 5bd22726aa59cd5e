"""Checkers say exactly what is wrong with an answer, and never compute what an answer asks for."""

import contextlib
import time
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solver.checkers.exact import (
    CheckerError,
    check,
    checked_key,
    describe,
    number_verdict,
    parse_checker,
    parse_checker_option,
)
from solver.checkers.safe_eval import ExpressionError, evaluate, tokens_of

PUZZLE = {"kind": "arithmetic", "numbers": [3, 7, 12, 25], "target": 58}
TWICE = {"kind": "arithmetic", "numbers": [5, 5, -2], "target": 8}
PI = {"kind": "number", "expected": "3.14", "tolerance": "0.01"}
LETTERS = {"kind": "choice", "options": ["A", "B", "C"], "expected": "B"}


@pytest.mark.parametrize(
    "answer",
    ["7*3+12+25", "7 * 3 + 12 + 25 = 58", "58 = 7×3+12+25", r"$7 \times 3 + 12 + 25$", r"\(3\cdot7+(12+25)\)",
     "[3·7]+{12+25}", "25-(-7*3)+12", "12 + 25 − (−3*7)", "**7*3+12+25**", r"7 \* 3 + 12 + 25.",
     "-3*-7+12+25", r"\boxed{25 + 12 + 3\times 7}"],
)  # fmt: skip
def test_a_right_expression_passes(answer):
    """Every usual way to write a right expression passes, its claim included."""
    assert check(PUZZLE, answer) == (
        True,
        "arithmetic",
        "The expression uses every number once and makes 58.",
    )


@pytest.mark.parametrize(
    ("answer", "detail"),
    [
        ("3*(25-7)+12", "The expression makes 66, not 58."),
        ("25/7+3+12", "The expression makes 130/7, not 58."),
        ("7*7+3*3", "The expression uses 3 twice."),
        ("7*7*7+3+12+25", "The expression uses 7 3 times."),
        ("25+12", "The expression does not use 3 and 7."),
        ("37+21", "The expression uses 37, which is not among the numbers."),
        ("58", "The expression uses 58, which is not among the numbers."),
        ("7*3+12+25 = 59", "The expression claims a value that it does not have."),
        ("7*3+12+25 = 58 = 58", "The expression has more than one equals sign."),
        ("7*3+12+25 = 29+29", "The expression has more than a number behind its equals sign."),
        ("3 7 + 12", "The expression has “7” where an operation is expected."),
        ("3(7)+12+25", "The expression has “(” where an operation is expected."),
        ("(25-25)/(3-3)", "The expression divides by zero."),
        ("(7*3+12+25", "The expression has a bracket that is not closed."),
        ("7*3+12+", "The expression ends too early."),
        ("7**3", "The expression has “*” where a number is expected."),
        ("7^3", "The expression has “^3”, where a number, + − × ÷ or a bracket is expected."),
        ("7*3+12+25.0", "The expression has “25.0”, where a number, + − × ÷ or a bracket is expected."),
        ("\\frac 7 3", "The expression has a \\frac without braces."),
        ("", "The expression ends too early."),
        ("I give up", "The expression has “I give up”, where a number, + − × ÷ or a bracket is expected."),
        ("9" * 13, "The expression has a number of more than 12 digits."),
        ("(" * 1_000, "The expression has brackets more than 100 deep."),
        ("-" * 1_000 + "3", "The expression has “-” where a number is expected."),
        ("1+" * 1_000 + "1", "The expression is longer than 2,000 characters."),
    ],
)
def test_a_wrong_expression_is_told_why(answer, detail):
    """The verdict's sentence names the first thing that is wrong."""
    assert check(PUZZLE, answer) == (False, "arithmetic", detail)


def test_repeated_and_negative_numbers_count_one_by_one():
    """A number that is given twice is used twice; −2 is the given −2."""
    assert check(TWICE, "5+5+-2").passed
    assert not check(TWICE, "5+5-2").passed
    assert not check(TWICE, "5+-2+5+5").passed


def test_a_fraction_bar_divides():
    """LaTeX fractions hold whole expressions above and below."""
    puzzle = {"kind": "arithmetic", "numbers": [1, 2, 3, 4], "target": 1}
    assert check(puzzle, r"\frac{3+2}{4+1}").passed
    assert check(puzzle, r"\dfrac{3+2}{4+1} = 1").passed
    assert check(puzzle, r"3+\frac{2-4}{1}").passed
    assert not check(puzzle, r"3\frac{2}{4} + 1").passed


@settings(deadline=None)  # the machine may be busy
@given(st.data())
def test_the_evaluator_agrees_with_exact_arithmetic(data):
    """Random expressions have the value that fractions give them, and list their numbers in order."""
    numbers: list[int] = []

    def build(depth: int) -> tuple[str, Fraction]:
        if depth == 0 or data.draw(st.booleans()):
            number = data.draw(st.integers(0, 999))
            numbers.append(number)
            return str(number), Fraction(number)
        left, one = build(depth - 1)
        right, two = build(depth - 1)
        sign = data.draw(st.sampled_from("+-*/" if two else "+-*"))
        value = {"+": one + two, "-": one - two, "*": one * two, "/": one / two if two else None}[sign]
        return f"({left} {sign} {right})", value

    text, value = build(4)
    assert evaluate(tokens_of(text)) == (value, tuple(numbers))


@settings(deadline=None)  # the machine may be busy
@given(st.text(alphabet="0123456789+-*/()= \\{}frac×÷−.x^", max_size=300))
def test_no_expression_breaks_the_evaluator(text):
    """Any text has a value or a clear error, and a verdict."""
    with contextlib.suppress(ExpressionError):
        evaluate(tokens_of(text))
    assert check(PUZZLE, text).detail.endswith(".")
    checked_key(PUZZLE, text)


HOSTILE = ["9^{9^{9^{9}}}", "(" * 100_000, "10**10**10", "factorial(10**9)", "9" * 100_000, "\0", "\ud800", "-" * 100_000,
           "".join(map(chr, range(32))), "1/" * 999 + "7", "99999*" * 333 + "1", "\\frac{" * 300]  # fmt: skip


@pytest.mark.parametrize("answer", HOSTILE)
@pytest.mark.parametrize("checker", [PUZZLE, PI, LETTERS])
def test_hostile_answers_fail_fast(checker, answer):
    """An answer that asks for an endless computation gets its verdict at once, or none."""
    started = time.process_time()
    verdict = check(checker, answer)
    assert verdict is None or not verdict.passed
    checked_key(checker, answer)
    assert time.process_time() - started < 1


@pytest.mark.parametrize(
    ("answer", "passed"),
    [("3.14", True), ("3.15", True), ("$3.13$", True), ("3.151", False), ("22/7", True), ("x = 3.14 cm", True),
     ("-3.14", False), ("314%", True), (r"\frac{22}{7}", True), ("30", False)],
)  # fmt: skip
def test_a_number_is_compared_exactly_within_its_tolerance(answer, passed):
    """The tolerance is inclusive, and no rounding happens on the way."""
    assert check(PI, answer).passed is passed


def test_a_number_that_is_a_formula_waits_for_the_pool():
    """What is not plainly a number has no verdict in-process."""
    assert check(PI, r"\pi") is None
    assert number_verdict(PI, Fraction(314, 100)).detail == "The answer is 3.14 within 0.01."
    assert number_verdict({"kind": "number", "expected": "2"}, Fraction(1)).detail == "The answer is not 2."
    assert check({"kind": "number", "expected": "50"}, "50%").passed
    assert check({"kind": "number", "expected": "0.5"}, "50%").passed


@pytest.mark.parametrize(
    ("answer", "option"),
    [("B", "B"), ("(b)", "B"), ("B.", "B"), ("Option B", "B"), (r"\textbf{(B)}", "B"), ("B) Paris", "B"),
     ("(B) Paris", "B"),
     ("b: because", "B"), ("A or B", None), ("D", None), ("", None), ("Better", None)],
)  # fmt: skip
def test_an_option_is_read_from_an_answer(answer, option):
    """Letters count with or without brackets and the text behind them; prose does not."""
    verdict = check(LETTERS, answer)
    assert verdict.passed is (option == "B")
    assert checked_key(LETTERS, answer) == (option and f"choice:{option}")


def test_a_choice_without_a_right_option_gives_a_key_but_no_verdict():
    """The checker then only says whether the answer is an option at all."""
    words = {"kind": "choice", "options": ["yes", "no", "not sure"]}
    assert check(words, "**Yes.**") is None
    assert checked_key(words, "NOT SURE") == "choice:not sure"
    assert check(words, "maybe") == (False, "choice", "The answer is not one of yes, no and not sure.")
    assert check(LETTERS, "C") == (False, "choice", "The answer is C, not B.")


def test_expressions_keep_their_form_as_keys():
    """Two right expressions are two answers; spacing, signs and a claimed value do not count."""
    assert checked_key(PUZZLE, "7 × 3 + 12 + 25 = 58") == checked_key(PUZZLE, "7*3+12+25") == "expr:7*3+12+25"
    assert checked_key(PUZZLE, "3*7+12+25") == "expr:3*7+12+25"
    assert checked_key(PUZZLE, "no idea") is None
    assert checked_key(PI, "3.14") is None


def test_an_unknown_kind_is_refused():
    """A checker that this version does not know is an error that lists the known ones."""
    for use in (lambda: check({"kind": "regex"}, "5"), lambda: describe({"kind": "regex"})):
        with pytest.raises(
            CheckerError, match=r"Unknown checker “regex”\. Use arithmetic, number or choice\."
        ):
            use()


def test_checkers_in_words():
    """A description completes the sentence “checked that the answer …”."""
    assert describe(PUZZLE) == "uses each of 3, 7, 12 and 25 exactly once and makes 58"
    assert describe(PI) == "equals 3.14, give or take 0.01"
    assert describe({"kind": "number", "expected": "2", "tolerance": "0"}) == "equals 2"
    assert describe(LETTERS) == "is one of A, B and C, namely B"
    assert parse_checker("", problem="", fields={}) is None
    assert parse_checker_option("none", problem="") is None
