"""Checkers are read from the form and the terminal; each mistake has a message that says what to do."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from solver.checkers import CheckerError, checker_from_json, parse_checker, parse_checker_option
from solver.checkers.arithmetic import Arithmetic
from solver.checkers.choice import Choice
from solver.checkers.json_schema import JsonSchema
from solver.checkers.list import ListOf
from solver.checkers.number import Number
from solver.checkers.regex import Regex
from solver.checkers.set import SetOf
from solver.checkers.symbolic import Symbolic

PUZZLE_TEXT = "Use 3, 7, 12, 25 to make 58."
PUZZLE = Arithmetic((3, 7, 12, 25), 58)
KINDS = [
    "",
    "none",
    "arithmetic",
    "number",
    "choice",
    "regex",
    "set",
    "list",
    "symbolic",
    "json_schema",
    "\0",
]


@pytest.mark.parametrize(
    ("option", "checker"),
    [
        ("none", None),
        ("arithmetic", PUZZLE),
        ("arithmetic:3,7,12,25=58", PUZZLE),
        (" Arithmetic: 3 7 12 25 = 58 ", PUZZLE),
        ("arithmetic:-3,5=−8", Arithmetic((-3, 5), -8)),
        ("number:3.14", Number("3.14", "0")),
        ("number:3.14±0.01", Number("3.14", "0.01")),
        ("number:3.14,0.01", Number("3.14", "0.01")),
        ("number:-5+-.5", Number("-5", "0.5")),
        ("choice:A,B,C", Choice(("A", "B", "C"))),
        ("choice:A,B,C=b", Choice(("A", "B", "C"), "B")),
        ("number:5±2% km/h", Number("5", "2%", "km/h")),
        ("symbolic:(x+1)^2", Symbolic("(x+1)^2")),
        ("set:2, 3 and 5", SetOf(("2", "3", "5"))),
        ("list:{2, 3}", ListOf(("2", "3"))),
        ("regex:[A-Z]:[0-9]+", Regex("[A-Z]:[0-9]+")),
        ('json_schema:{"type": "object"}', JsonSchema('{"type": "object"}')),
    ],
)
def test_the_terminals_checkers(option, checker):
    """`--check` names a checker in one word or with its values."""
    assert parse_checker_option(option, problem=PUZZLE_TEXT) == checker


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("", "Unknown checker “”. Use number:3.14, choice:A,B,C"),
        ("magic:^5$", "Unknown checker “magic:^5$”. Use number"),
        ("arithmetic:3,7", "the puzzle has 0 numbers"),
        ("arithmetic:3,7=", "the target is empty"),
        ("arithmetic:3,x=5", "“x” is not a number. Enter a whole number of at most 1,000,000,000"),
        ("arithmetic:3,7=9^{9^{9^{9}}}", "“9^{9^{9^{9}}}” is not a target"),
        ("arithmetic:1000000001,7=9", "“1000000001” is not a number"),
        ("arithmetic:" + "1," * 21 + "=9", "has 21 numbers. Enter 1 to 20"),
        ("number:", "the expected value is empty"),
        ("number:nan", "“nan” is not a number. Enter the expected value as a plain decimal"),
        ("number:1e400", "“1e400” is not a number"),
        ("number:inf", "“inf” is not a number"),
        ("number:5±-1", "the tolerance -1 is negative. Enter 0 or more"),
        ("number:" + "9" * 31, "is not a number"),
        ("number:5 of them", "“of them” is not a unit"),
        ("symbolic:", "enter the expected formula"),
        ("set:", "enter 1 to 100 members"),
        ("regex:(", "missing ), unterminated subpattern"),
        ("json_schema:[", "it is not JSON"),
        ("json_schema:3", "it is not an object"),
        ("choice:A", "enter 2 to 20 different options"),
        ("choice:A,a", "enter 2 to 20 different options"),
        ("choice:A,B=C", "“C” is not one of A, B. Choose one."),
        ("choice:" + ",".join(map(str, range(21))), "enter 2 to 20 different options"),
        ("choice:" + "A" * 41 + ",B", "longer than 40 characters"),
        ("number:" + "9" * 2_000, "longer than 1,000 characters. Use a shorter one."),
    ],
)
def test_a_mistake_in_the_terminals_checker_is_explained(option, message):
    """The message says what was wrong, what is expected and what to do."""
    with pytest.raises(CheckerError) as caught:
        parse_checker_option(option, problem=PUZZLE_TEXT)
    assert message.casefold() in str(caught.value).casefold()
    assert len(str(caught.value)) < 300


def test_the_forms_checkers():
    """The fields of the form make the same checkers; empty ones are read from the problem."""
    empty = {
        "numbers": "",
        "target": "",
        "expected": "",
        "tolerance": "",
        "options": "",
        "choice_expected": "",
    }
    assert parse_checker("none", problem="", fields=empty) is None
    assert parse_checker("", problem="", fields={}) is None
    assert parse_checker("arithmetic", problem=PUZZLE_TEXT, fields=empty) == PUZZLE
    assert parse_checker("arithmetic", problem="", fields={"numbers": "3; 7 12,25", "target": "58"}) == PUZZLE
    number = parse_checker("number", problem="", fields={"expected": "+03.140", "tolerance": " 0.010 "})
    assert number == Number("3.140", "0.010")
    choice = parse_checker("choice", problem="", fields={"options": "yes\nno\n", "choice_expected": "No"})
    assert choice == Choice(("yes", "no"), "no")


@pytest.mark.parametrize(
    ("kind", "fields", "message"),
    [
        (
            "magic",
            {},
            "Unknown checker “magic”. Choose none, number, choice, symbolic, set, list, regex, json_schema, arithmetic, ",
        ),
        ("arithmetic", {}, "is not recognised as a number puzzle. Enter the numbers and the target"),
        ("arithmetic", {"target": "58"}, "The puzzle has 0 numbers."),
        ("number", {"expected": "9" * 1_001}, "The checker's expected: longer than 1,000 characters."),
        ("choice", {"options": "A, B", "choice_expected": "E"}, "“E” is not one of A, B"),
    ],
)
def test_a_mistake_in_the_form_is_explained(kind, fields, message):
    """The message names the field and what to enter."""
    with pytest.raises(CheckerError) as caught:
        parse_checker(kind, problem="Why is the sky blue?", fields=fields)
    assert message in str(caught.value)


@given(st.sampled_from(KINDS), st.dictionaries(
    st.sampled_from(["numbers", "target", "expected", "tolerance", "unit", "options", "choice_expected", "pattern",
    "json_schema",
                     "set_members", "list_members", "symbolic_expected"]),
    st.text(max_size=60) | st.from_regex(r"[-0-9., ]{1,40}", fullmatch=True),
))  # fmt: skip
def test_no_input_makes_a_broken_checker(kind, fields):
    """Whatever is typed, there is a clear error or a checker that goes into JSON, works and describes itself."""
    try:
        checker = parse_checker(kind, problem=fields.get("numbers", ""), fields=fields)
    except CheckerError:
        return
    if checker is not None:
        assert checker_from_json(json.loads(json.dumps(checker.to_json()))) == checker
        assert checker.describe()
        checker.check("58")


@given(
    st.text(max_size=80) | st.from_regex(r"(number|arithmetic|choice):[-0-9.,=±A-C ]{0,30}", fullmatch=True)
)
def test_no_option_breaks_the_parser(option):
    """Whatever `--check` says, there is a checker, none, or a clear error."""
    try:
        checker = parse_checker_option(option, problem="")
    except CheckerError:
        return
    assert checker is None or checker.check("0").detail
