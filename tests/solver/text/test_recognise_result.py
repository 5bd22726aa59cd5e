"""What should come back is recognised by the words that ask for it."""

import pytest

from solver.checkers import checker_from_json, pose
from solver.checkers.recognise_result import guess_result
from solver.core.problem.result_kind import ResultKind

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
