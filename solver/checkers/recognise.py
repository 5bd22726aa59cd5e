"""Recognises problems by their wording: number puzzles that a checker can check, and the kind of a problem.

A puzzle is recognised only if every word of the text is one that such puzzles are written with: a text with a
rule of its own ("you may leave one out", "mod 7") has a word that is not, and stays unrecognised. Who is to prove,
explain or write something wants a text, whatever numbers it holds. Nothing is solved here.
"""

import re
from collections.abc import Sequence
from typing import Literal, NamedTuple

from solver.checkers.shared.given_options import read_options

ProblemKind = Literal["countdown", "countdown_large", "modular", "modular_large", "choice", "number", "open"]
"""Puzzles are two kinds by their size: a model that does small ones well may never have learned the large ones."""

_SMALL_COUNT, _SMALL_NUMBER, _SMALL_TARGET = 4, 30, 100
_SMALL_OPERANDS, _SMALL_OPERAND, _SMALL_MODULI = 7, 20, range(5, 20)

MAX_PUZZLE_CHARS = 2_000
_READ_CHARS = 20_000
MAX_NUMBERS = 20
MAX_MAGNITUDE = 10**9

_WORDS = frozenset(
    """
    a all also allowed an and answer are aim arithmetic be below brackets build by calculation can
    combination combine combined combining countdown create end each equal equals equalling every
    exactly expression find following for form formula from game get gets give given gives goal have
    hello help here hi hit i in is it just kind line made make makes making math maths may me means must
    need number numbers obtain of once one out operations operators operation parentheses please problem
    produce puzzle puzzle's reach reached reaches result short should show signs solution solve step
    steps target that thank thanks the them then these they think this three four five six to together
    total two use used uses using usual value want we whole with work working would write you your basic
    standard simple both
    """.split()  # noqa: SIM905  # a list of words reads best as text
)
_OPERATIONS = {
    "+": "+", "plus": "+", "add": "+", "adding": "+", "addition": "+", "-": "-", "−": "-",
    "minus": "-", "subtract": "-", "subtracting": "-", "subtraction": "-", "*": "*", "×": "*",
    "times": "*", "multiply": "*", "multiplying": "*", "multiplication": "*", "/": "/", "÷": "/",
    "divide": "/", "dividing": "/", "division": "/",
}  # fmt: skip
_TO_TARGET = frozenset(
    {
        "make",
        "makes",
        "making",
        "get",
        "gets",
        "give",
        "gives",
        "reach",
        "reaches",
        "equal",
        "equals",
        "equalling",
    }
    | {"target", "obtain", "form", "hit", "produce", "create", "build", "total"}
)
_FILLERS = frozenset({"is", "of", "to", "the", "number", "value", "a", "result", "exactly", ":", "="})
_TURNS = {
    "'answer: ...'": "answer", '"answer: ..."': "answer", "“answer: …”": "answer",
    "answer: ...": "answer", "only once": "once", "use only": "use", "using only": "using",
    "in any order": "", "**": "", "__": "", "$": "", "\n- ": "\n",
}  # fmt: skip
_TOKEN = re.compile(r"([0-9]+(?:\.[0-9]+)?)|([a-z]+(?:'s)?)|(\S)")
_HARMLESS = frozenset(",.;:!?()[]{}\"'“”‘’#_`–—=&…")
_LIST_SIGNS = frozenset({"", ",", "and", ",and", "&", ",&"})
_MOD_WORDS = _WORDS | frozenset(
    "compute calculate evaluate what when by divided mod modulo modulus remainder".split()  # noqa: SIM905  # likewise
)
_MOD_SIGNS = _HARMLESS | frozenset("+-−*×\\$")
_MOD = re.compile(r"\b(?:mod|modulo|modulus|remainder)\b|\\[pb]?mod\b")
_SUM = re.compile(r"[0-9)] ?[-+*×−] ?[0-9(]")
_WANTS_TEXT = re.compile(
    r"\W{0,9}(?:please |can you |could you |would you |help me |i (?:want|need|would like) (?:you )?(?:to )?){0,2}"
    r"(?:prove|disprove|show that|explain|write|design|describe|discuss|draft|outline|plan|summari[sz]e|review|translate"
    r"|implement|argue|compare)\b",
    re.IGNORECASE,
)
_WANTS_NUMBER = re.compile(
    r"\bhow (?:many|much|long|far|old)\b|\b(?:compute|calculate|evaluate)\b|\bwhat is [-(0-9]"
    r"|\b(?:what is|find) the (?:value|sum|product|number|area|volume|probability|smallest|largest)\b",
    re.IGNORECASE,
)


class Puzzle(NamedTuple):
    """The numbers of a puzzle, each to be used once, and what they are to make."""

    numbers: tuple[int, ...]
    target: int


def puzzle_kind(numbers: Sequence[int], target: int) -> ProblemKind:
    """Return the kind of a number puzzle: a small one has up to four numbers to 30, and a target to 100."""
    is_small = (
        len(numbers) <= _SMALL_COUNT
        and all(0 < number <= _SMALL_NUMBER for number in numbers)
        and 0 < target <= _SMALL_TARGET
    )
    return "countdown" if is_small else "countdown_large"


def modular_kind(text: str) -> ProblemKind:
    """Return the kind of a modular problem: a small one has up to seven numbers to 20, and a modulus from 5 to 19."""
    numbers = [int(number[:4]) for number in re.findall("[0-9]+", text[:MAX_PUZZLE_CHARS])]
    *operands, modulus = numbers or [0]
    is_small = len(operands) <= _SMALL_OPERANDS and max(operands, default=0) <= _SMALL_OPERAND
    return "modular" if is_small and modulus in _SMALL_MODULI else "modular_large"


class _Token(NamedTuple):
    number: int | None
    word: str


def recognise_puzzle(text: str) -> Puzzle | None:
    """Return the numbers and the target of “Use 3, 7, 12, 25 to make 58.”, or None when in doubt."""
    if len(text) > MAX_PUZZLE_CHARS:
        return None
    tokens = _tokens(text)
    if tokens is None:
        return None
    # "Use only + and −" would need another checker: operations are named all four or not at all.
    named = {_OPERATIONS[token.word] for token in tokens if token.word in _OPERATIONS}
    runs = [] if 0 < len(named) < 4 else _number_runs(tokens)
    lists = [run for run in runs if len(run) > 1]
    singles = [run[0] for run in runs if len(run) == 1]
    if len(lists) != 1 or len(singles) != 1 or not _is_target(tokens, singles[0]):
        return None
    numbers = tuple(number for at in lists[0] if (number := tokens[at].number) is not None)
    target = tokens[singles[0]].number
    if target is None or len(numbers) > MAX_NUMBERS or max(*numbers, target) > MAX_MAGNITUDE:
        return None
    return Puzzle(numbers, target)


def is_modular(text: str) -> bool:
    """Tell whether a problem asks for the remainder of a sum or product of numbers, and for nothing else."""
    plain = text.casefold()
    if len(text) > MAX_PUZZLE_CHARS or not (_MOD.search(plain) and _SUM.search(plain)):
        return False
    return all(
        number.isdigit() if number else word in _MOD_WORDS if word else sign in _MOD_SIGNS
        for number, word, sign in _TOKEN.findall(re.sub(r"\\[pb]?mod\b|\\(?:times|cdot)\b", " mod ", plain))
    )


def guess_kind(text: str) -> ProblemKind:
    """Return the kind of a problem by its words alone."""
    head = text[:_READ_CHARS]
    if puzzle := recognise_puzzle(text):
        return puzzle_kind(*puzzle)
    if is_modular(text):
        return modular_kind(text)
    if read_options(head):
        return "choice"
    if _WANTS_TEXT.match(head):
        return "open"
    return "number" if _WANTS_NUMBER.search(head) else "open"


def _tokens(text: str) -> list[_Token] | None:
    """Split a puzzle into numbers, words and signs; None if anything in it is foreign to puzzles."""
    plain = text.casefold()
    for written, meant in _TURNS.items():
        plain = plain.replace(written, meant)
    if _has_thousands(plain):
        return None
    tokens: list[_Token] = []
    for number, word, sign in _TOKEN.findall(plain):
        foreign_number = "." in number or len(number) > 10 or (number[:1] == "0" and number != "0")
        foreign_word = bool(word) and word not in _WORDS and word not in _OPERATIONS
        if foreign_number or foreign_word or (sign and sign not in _HARMLESS and sign not in _OPERATIONS):
            return None
        tokens.append(_Token(int(number) if number else None, word or sign))
    return tokens


def _has_thousands(plain: str) -> bool:
    """Tell whether `1,250` may be one number: its comma has no space, unlike those of the list."""
    if not re.search(r"[0-9],[0-9]{3}(?![0-9])", plain):
        return False
    tight = len(re.findall(r"[0-9],(?=[0-9])", plain))
    return tight < 2 or re.search(r"[0-9](?:, | and | )[0-9]", plain) is not None


def _number_runs(tokens: list[_Token]) -> list[list[int]]:
    """Return the positions of numbers, lists together; none if a number is part of a formula."""
    runs: list[list[int]] = []
    between = "…"
    for at, token in enumerate(tokens):
        if token.number is None:
            between += token.word
            continue
        if between in _LIST_SIGNS:
            runs[-1].append(at)
        else:
            runs.append([at])
        between = ""
        beside = {tokens[near].word for near in (at - 1, at + 1) if 0 <= near < len(tokens)}
        if beside & (_OPERATIONS.keys() | {"–", "_"}):
            return []
    return runs


def _is_target(tokens: list[_Token], at: int) -> bool:
    """Tell whether the number at `at` is to be made: `make 58`, `target: 58`, `equals the number 58`."""
    for token in reversed(tokens[max(0, at - 6) : at]):
        if token.word in _TO_TARGET:
            return True
        if token.word not in _FILLERS:
            return False
    return False
