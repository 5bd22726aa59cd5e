"""What should come back is recognised by the words that ask for it."""

import json
import re
from pathlib import Path

import pytest

from solver.checkers import checker_from_json, pose, recognise_checker
from solver.checkers.arithmetic import Arithmetic
from solver.checkers.choice import Choice
from solver.checkers.recognise_result import guess_result
from solver.core.problem.result_kind import ResultKind

CASES = [
    json.loads(line)
    for line in Path(__file__).with_name("result_kinds.jsonl").read_text(encoding="utf-8").splitlines()
]
ASKED = {
    "answer": [
        "Use 3, 7, 12, 25 to make 58.",
        "What is 17 * 23 mod 7?",
        "What is the capital of France?",
        "How many primes are below 100?",
        "Find the sum of all integers n such that n^2 < 50.",
        "Is 91 prime?",
        "Solve x^2 = 4.",
        "Who wrote Faust?",
        "Who made the first five-year plan?",
        "Wer schrieb den Faust?",
        "Wie viele Einwohner hat Berlin?",
        "Wie groß ist der Eiffelturm, und was kostet der Aufzug?",
        "Was ist 17 mal 23?",
        "The proof of the pudding is in the eating. Which author is often quoted with that?",
    ],
    "choice": ["Which is larger?\nA) 3\nB) 4"],
    "text": [
        "Prove that there are infinitely many primes.",
        "Show that n^2 + n is even for all 7 cases.",
        "Write a 500 word essay about Rome.",
        "Why is the sky blue?",
        "How do I cook rice for 4?",
        "I want to plan a trip to Rome for 3 days. Plan it.",
        "Explain how to write a Python function.",
        "My landlord wants to raise my rent. What can I do?",
        "Design a database for a shop with 20 employees.",
        "Write a haiku about code.",
        "Write a table of contents for a book on Rome.",
        "Make a plan for learning the guitar in twelve weeks.",
        "Give me a recipe for bread.",
        "Warum ist der Himmel blau? Erkläre es in drei Sätzen.",
        "Was koche ich heute Abend aus Kartoffeln, Eiern und Spinat?",
        "Wie bekomme ich Rotwein aus dem Teppich?",
        "Wohin sollen wir im März mit zwei Kindern reisen?",
        "Was ist der Unterschied zwischen Wetter und Klima?",
        "Where should I go in March with two kids?",
    ],
    "code": [
        "Write a Python function that reverses a linked list.",
        "Fix this bug in my JavaScript code: let x =",
        "Write a SQL query that returns the top ten customers.",
        "Translate this Python function to Rust.",
        "Bitte schreibe eine Python-Funktion, die Listen umkehrt.",
        'def add(a: int, b: int) -> int:\n    """Add."""',
    ],
    "data": [
        "Extract the names and dates from this text as JSON: …",
        "Make a table of the planets with mass and radius.",
        "Return a JSON array of the first 5 primes.",
    ],
}


@pytest.mark.parametrize(("kind", "text"), [(kind, text) for kind, texts in ASKED.items() for text in texts])
def test_words_say_what_should_come_back(kind, text):
    """Verbs that ask for a text, code or data count, not numbers and nouns."""
    assert guess_result(text) == kind


def test_a_checker_says_what_it_checks():
    """Unit tests check code whatever the words are, a regular expression whatever comes back."""
    tests = checker_from_json({"kind": "unit_tests", "tests": "assert add(1, 2) == 3"})
    pattern = checker_from_json({"kind": "regex", "pattern": "[a-z]+"})
    assert pose("What is 1 + 1?", tests).result is ResultKind.CODE
    assert pose("Explain it.", pattern).result is ResultKind.TEXT
    assert pose("Explain it.", pattern, ResultKind.ANSWER).result is ResultKind.ANSWER


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["problem"][:40])
def test_ordinary_problems_ask_for_what_anybody_expects(case):
    """In ten languages; options are read with their letters, and only a puzzle gets a puzzle's checker."""
    checker = recognise_checker(case["problem"])
    assert pose(case["problem"], checker).result == case["result"]
    assert isinstance(checker, Arithmetic) is case.get("puzzle", False)
    assert isinstance(checker, Choice) is bool(case.get("options"))
    if isinstance(checker, Choice):
        texts = [re.sub(r"^\w\) ", "", option) for option in checker.options]
        assert texts in (case["options"], [*"ABCDEFGH"[: len(case["options"])]])


@pytest.mark.parametrize(
    "text",
    [
        "Let f(x) = x^2 + 1. (a) Find f'(2). (b) Find the minimum of f.",
        "Put these in order of size: A) ant B) cat C) whale",
        "Which of the following are prime? A) 2 B) 4 C) 5",
        "Write an essay on one of the following: A. love B. war",
        "Prove the following: (a) 2 is even. (b) 3 is odd.",
        "Write a function that returns true or false.",
        "True or false?\n1. Gold is heavy.\n2. Ice sinks.",
        "A. Smith and B. Jones founded a company. When was that?",
        "1) Which is even? (a) 3 (b) 4\n2) Which is odd? (a) 5 (b) 6",
    ],
)
def test_what_only_looks_like_options_is_no_choice(text):
    """Parts of an exercise, things to be ordered, several answers and several questions are no choice of one."""
    assert recognise_checker(text) is None
    assert pose(text).result is not ResultKind.CHOICE


def test_options_longer_than_a_checker_takes_go_by_their_letters():
    """The answer then is a letter."""
    first, second = (
        "because the light of the sun is scattered by air",
        "because the sea is mirrored by the clouds",
    )
    checker = recognise_checker(f"Why is the sky blue?\n(a) {first}\n(b) {second}")
    assert checker == Choice(("a", "b"))
    assert checker.key(f"(a) {first}") == checker.key("A")


def test_letter_and_text_of_a_recognised_option_are_one_answer():
    """Votes for `(a)`, `yes` and `(a) yes` count together."""
    checker = recognise_checker("Is 221 prime? (a) yes (b) no")
    assert checker is not None
    assert {checker.key(answer) for answer in ("b", "(b)", "No.", "(b) no", "B) no")} == {checker.key("no")}
    assert checker.key("yes") != checker.key("no")


def test_what_was_chosen_to_come_back_wins_over_what_was_recognised():
    """Nothing that checks another kind of result is made up then."""
    puzzle, choice = "Use 3, 7, 12, 25 to make 58.", "Is 221 prime? (a) yes (b) no"
    for text in (puzzle, choice):
        assert recognise_checker(text) is not None
        assert recognise_checker(text, ResultKind.TEXT) is None
        assert pose(text, recognise_checker(text, ResultKind.TEXT), ResultKind.TEXT).result is ResultKind.TEXT
    assert isinstance(recognise_checker(puzzle, ResultKind.ANSWER), Arithmetic)
    assert isinstance(recognise_checker(choice, ResultKind.CHOICE), Choice)
