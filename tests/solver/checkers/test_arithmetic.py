"""`arithmetic`: an expression is right if it uses every number once and makes the target; else it is told why not."""

import contextlib
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from solver.checkers.arithmetic import Arithmetic
from solver.checkers.shared.safe_eval import ExpressionError, evaluate, tokens_of
from solver.text.keys import text_key

PUZZLE = Arithmetic((3, 7, 12, 25), 58)
TWICE = Arithmetic((5, 5, -2), 8)


@pytest.mark.parametrize(
    ("numbers", "target"),
    [
        ((3, 7, 12, 25), 58),
        ((8, 8, 3, 3), 24),
        ((1, 5, 5, 5), 24),
        ((3, -3), 0),
        ((3, 7), -4),
        ((0, 5), 0),
        ((6,), -6),
    ],
)
def test_a_puzzle_with_a_solution_is_not_called_impossible(numbers, target):
    """Fractions on the way, a result of 0, and signs."""
    assert Arithmetic(numbers, target).passes_nothing == ""


@pytest.mark.parametrize(
    ("numbers", "target"), [((3, 5, 7, 25), 58), ((1, 1, 2, 2), 99), ((5, 3), 0), ((6,), 7), ((0, 0), 1)]
)
def test_a_puzzle_without_a_solution_is_known(numbers, target):
    """Before money is spent on it."""
    assert "all were tried" in Arithmetic(numbers, target).passes_nothing
    assert Arithmetic((*numbers, 1, 1, 1, 1), target).passes_nothing == ""  # too many to try


@given(st.lists(st.integers(0, 9), min_size=2, max_size=4), st.data())
def test_no_expression_makes_what_is_called_impossible(numbers, data):
    """Whatever is built of the numbers at random is never called impossible."""
    values = [Fraction(number) for number in data.draw(st.permutations(numbers))]
    while len(values) > 1:
        right, left = values.pop(), values.pop()
        made = [left + right, left - right, left * right, *([left / right] if right else [])]
        values.append(data.draw(st.sampled_from(made)))
    if values[0].denominator == 1:
        assert Arithmetic(tuple(numbers), int(values[0])).passes_nothing == ""


@pytest.mark.parametrize(
    "answer",
    ["7*3+12+25", "7 * 3 + 12 + 25 = 58", "58 = 7×3+12+25", r"$7 \times 3 + 12 + 25$", r"\(3\cdot7+(12+25)\)",
     "[3·7]+{12+25}", "25-(-7*3)+12", "12 + 25 − (−3*7)", "**7*3+12+25**", r"7 \* 3 + 12 + 25.",
     "-3*-7+12+25", r"\boxed{25 + 12 + 3\times 7}"],
)  # fmt: skip
def test_a_right_expression_passes(answer):
    """Every usual way to write a right expression passes, its claim included."""
    assert PUZZLE.check(answer)[:3] == (
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
    assert PUZZLE.check(answer)[:3] == (False, "arithmetic", detail)


def test_repeated_and_negative_numbers_count_one_by_one():
    """A number that is given twice is used twice; −2 is the given −2."""
    assert TWICE.check("5+5+-2").passed
    assert not TWICE.check("5+5-2").passed
    assert not TWICE.check("5+-2+5+5").passed


def test_a_fraction_bar_divides():
    """LaTeX fractions hold whole expressions above and below."""
    puzzle = Arithmetic((1, 2, 3, 4), 1)
    assert puzzle.check(r"\frac{3+2}{4+1}").passed
    assert puzzle.check(r"\dfrac{3+2}{4+1} = 1").passed
    assert puzzle.check(r"3+\frac{2-4}{1}").passed
    assert not puzzle.check(r"3\frac{2}{4} + 1").passed


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


@given(st.text(alphabet="0123456789+-*/()= \\{}frac×÷−.x^", max_size=300))
def test_no_expression_breaks_the_evaluator(text):
    """Any text has a value or a clear error, and a verdict."""
    with contextlib.suppress(ExpressionError):
        evaluate(tokens_of(text))
    assert PUZZLE.check(text).detail.endswith(".")
    PUZZLE.key(text)


def test_expressions_keep_their_form_as_keys():
    """Two right expressions are two answers; spacing, signs and a claimed value do not count."""
    assert PUZZLE.key("7 × 3 + 12 + 25 = 58") == PUZZLE.key("7*3+12+25") == "expr:7*3+12+25"
    assert PUZZLE.key("3*7+12+25") == "expr:3*7+12+25"
    assert PUZZLE.key("no idea") == text_key("no idea")


def test_a_puzzle_in_words():
    """The description completes the sentence “the answer …”."""
    assert PUZZLE.describe() == "uses each of 3, 7, 12 and 25 exactly once and makes 58"
