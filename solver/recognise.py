"""Recognises problems by their wording: number puzzles that a checker can check, and the kind of a problem.

A puzzle is recognised only if every word of the text is one that such puzzles are written with: a text with a rule
of its own ("you may leave one out", "mod 7") has a word that is not, and stays unrecognised. Nothing is solved here.
"""

import re
from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

ProblemKind = Literal["countdown", "modular", "choice", "number", "open"]

MAX_PUZZLE_CHARS = 2_000
MAX_NUMBERS = 20
MAX_MAGNITUDE = 10**9

_WORDS = frozenset(
    """
    a all also allowed an and answer any are aim arithmetic be below brackets build by calculation can combination
    combine combined combining countdown create division divide each end equal equals equalling every exactly
    expression find following for form formula from game get gets give given gives goal have hello help here hi hit
    i in is it just kind let letter line made make makes making math maths may me means minus multiplication multiply
    must need number numbers obtain of once one only operations operators operation out over parentheses please plus
    problem produce puzzle puzzle's reach reached reaches result short should show signs solution solve step steps
    sub subtraction subtract addition add sum sure target that thank thanks the them then these they think this three
    four five six times to together total two use used uses using usual value want we whole with work working would
    write you your basic standard simple both
    """.split()
)
_TO_TARGET = frozenset("make makes making get gets give gives reach reaches equal equals equalling target obtain form hit "
                       "produce create build total".split())  # fmt: skip
_FILLERS = frozenset("is of the to number value target a total result exactly : =".split())
_PHRASES = ("'answer: ...'", "“answer: …”", '"answer: ..."', "answer: ...")
_TOKEN = re.compile(r"([0-9]+(?:\.[0-9]+)?)|([a-z]+(?:'s)?)|(\S)")
_HARMLESS = frozenset(",.;:!?()[]{}\"'“”‘’*#_`$+-/×÷−–—=&…")
_MOD = re.compile(r"\bmod(?:ulo|ulus)?\b|\\[pb]?mod\b|\bremainder\b|≡|\\equiv\b", re.IGNORECASE)
_CHOICES = re.compile(r"(?:^|\s)\(?([A-H])[).:]\s", re.MULTILINE)
_WANTS_NUMBER = re.compile(
    r"\bhow (?:many|much|long|far|old)\b|\b(?:compute|calculate|evaluate|find the (?:value|sum|number|product|area|smallest|largest))\b"
    r"|\bwhat is the (?:value|sum|product|number|area|probability)\b|\bwhat is [-(0-9]",
    re.IGNORECASE,
)


class _Token(NamedTuple):
    number: int | None
    word: str


def recognise_checker(text: str) -> dict[str, Any] | None:
    """Return the arithmetic checker of a puzzle such as “Use 3, 7, 12, 25 to make 58.”, or None when in doubt."""
    if len(text) > MAX_PUZZLE_CHARS:
        return None
    tokens = _tokens(text)
    if tokens is None:
        return None
    runs = _number_runs(tokens)
    lists = [run for run in runs if len(run) > 1]
    singles = [run[0] for run in runs if len(run) == 1]
    if len(lists) != 1 or len(singles) != 1 or not _is_target(tokens, singles[0]):
        return None
    numbers = [number for at in lists[0] if (number := tokens[at].number) is not None]
    target = tokens[singles[0]].number
    if target is None or len(numbers) > MAX_NUMBERS or max(*numbers, target) > MAX_MAGNITUDE:
        return None
    return {"kind": "arithmetic", "numbers": numbers, "target": target}


def problem_kind(text: str, checker: Mapping[str, Any] | None = None) -> ProblemKind:
    """Return the kind of a problem, by which the learned costs and abilities of models are kept."""
    head = text[:20_000]
    kind = checker.get("kind") if checker else None
    if kind == "arithmetic" or (kind is None and recognise_checker(text) is not None):
        return "countdown"
    if kind == "choice":
        return "choice"
    if _MOD.search(head):
        return "modular"
    if kind is None and len(set(_CHOICES.findall(head))) >= 2:
        return "choice"
    return "number" if kind == "number" or _WANTS_NUMBER.search(head) else "open"


def _tokens(text: str) -> list[_Token] | None:
    """Split a puzzle into numbers, words and signs; None if anything in it is foreign to puzzles."""
    plain = text.casefold()
    for phrase in _PHRASES:
        plain = plain.replace(phrase, " answer ")
    if _has_thousands(plain):
        return None
    tokens: list[_Token] = []
    for number, word, sign in _TOKEN.findall(plain):
        if number:
            if "." in number or len(number) > 10 or (number[0] == "0" and number != "0"):
                return None
            tokens.append(_Token(int(number), ""))
        elif word and word not in _WORDS:
            return None
        elif sign and sign not in _HARMLESS:
            return None
        else:
            tokens.append(_Token(None, word or sign))
    return tokens


def _has_thousands(plain: str) -> bool:
    """Tell whether `1,250` may be one number: a lone spaceless comma among numbers that are set apart otherwise."""
    tight = re.search(r"[0-9],[0-9]{3}(?![0-9])", plain)
    return bool(tight and (re.search(r"[0-9](?:, | and | )[0-9]", plain) or len(re.findall(r"[0-9],(?=[0-9])", plain)) < 2))


def _number_runs(tokens: list[_Token]) -> list[list[int]]:
    """Return the positions of numbers, those of one list together; a number beside an operator spoils its run."""
    runs: list[list[int]] = []
    previous = -2
    for at, token in enumerate(tokens):
        if token.number is None:
            continue
        between = "".join(other.word for other in tokens[previous + 1 : at]) if runs else "…"
        if runs and between in {"", ",", "and", ",and", "&", ",&"}:
            runs[-1].append(at)
        else:
            runs.append([at])
        previous = at
        if _beside_operator(tokens, at):
            return []
    return runs


def _beside_operator(tokens: list[_Token], at: int) -> bool:
    beside = [tokens[near].word for near in (at - 1, at + 1) if 0 <= near < len(tokens)]
    return any(word in {"+", "-", "*", "/", "×", "÷", "−", "–", "_"} for word in beside)


def _is_target(tokens: list[_Token], at: int) -> bool:
    """Tell whether the number at `at` is what has to be made: `make 58`, `target: 58`, `equals the number 58`."""
    for token in reversed(tokens[max(0, at - 6) : at]):
        if token.word in _TO_TARGET:
            return True
        if token.word not in _FILLERS:
            return False
    return False
