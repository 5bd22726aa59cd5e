"""Deterministic checkers: what they are, what they say about an answer, and how they read in words.

A checker is a plain dict that goes into JSON as it is:

    {"kind": "arithmetic", "numbers": [3, 7, 12, 25], "target": 58}
    {"kind": "number", "expected": "3.14", "tolerance": "0.01"}
    {"kind": "choice", "options": ["A", "B", "C"], "expected": "B"}      # `expected` may be missing

All run in-process on hostile answers: nothing is computed beyond the four operations on bounded numbers.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from solver.checkers.parse import CheckerError, parse_checker, parse_checker_option
from solver.checkers.safe_eval import MAX_CHARS, Evaluated, ExpressionError, evaluate, tokens_of
from solver.core.verdict import Verdict
from solver.text.extract import bounded_key, percent_of, plain_number
from solver.text.latex import strip_wrappers

__all__ = [
    "CheckerError", "Verdict", "check", "checked_key", "describe", "number_verdict", "parse_checker",
    "parse_checker_option",
]  # fmt: skip

_SIGNS = {"*": "×", "/": "÷", "-": "−"}


def check(checker: Mapping[str, Any], answer: str) -> Verdict | None:
    """Return the checker's verdict, or None where it can't tell.

    None: a choice whose right option is unknown, and a number that is not written plainly (the pool works it
    out). Raises CheckerError for a checker of an unknown kind.
    """
    kind = checker.get("kind")
    if kind == "arithmetic":
        return _check_arithmetic(checker, answer)
    if kind == "number":
        return _check_number(checker, answer)
    if kind == "choice":
        return _check_choice(checker, answer)
    raise CheckerError(f"Unknown checker “{str(kind)[:40]}”. Use arithmetic, number or choice.")


def checked_key(checker: Mapping[str, Any], answer: str) -> str | None:
    """Return the canonical key that the checker gives an answer, or None where it has no view of its own.

    Expressions keep their form (`expr:(25-7)*3`): two right ways to a target are two answers.
    """
    if checker.get("kind") == "choice":
        option = _option_of(checker, answer)
        return None if option is None else bounded_key("choice", option)
    if checker.get("kind") == "arithmetic":
        try:
            body = "".join(_expression_side(tokens_of(_plain_expression(answer))))
            return bounded_key("expr", body) if body else None
        except ExpressionError:
            return None
    return None


def number_verdict(checker: Mapping[str, Any], value: Fraction) -> Verdict:
    """Return the verdict of a `number` checker on an exact value."""
    expected, tolerance = Fraction(str(checker["expected"])), Fraction(str(checker.get("tolerance") or "0"))
    passed = abs(value - expected) <= tolerance
    within = f" within {checker['tolerance']}" if tolerance else ""
    return Verdict(
        passed, "number", f"The answer is {'' if passed else 'not '}{checker['expected']}{within}."
    )


def describe(checker: Mapping[str, Any]) -> str:
    """Return what a checker checks, in words, as the end of a sentence without its full stop."""
    kind = checker.get("kind")
    if kind == "arithmetic":
        return f"uses each of {_listed(checker['numbers'])} exactly once and makes {checker['target']}"
    if kind == "number":
        tolerance = str(checker.get("tolerance") or "0")
        return f"equals {checker['expected']}" + (
            f", give or take {tolerance}" if Fraction(tolerance) else ""
        )
    if kind == "choice":
        expected = checker.get("expected")
        return f"is one of {_listed(checker['options'])}" + (f", namely {expected}" if expected else "")
    raise CheckerError(f"Unknown checker “{str(kind)[:40]}”. Use arithmetic, number or choice.")


def _check_number(checker: Mapping[str, Any], answer: str) -> Verdict | None:
    value = plain_number(answer)
    if value is not None:
        return number_verdict(checker, value)
    share = percent_of(answer)
    if share is None:
        return None
    # "50%" answers both "what part" (0.5) and "how many percent" (50).
    as_part, as_percent = (number_verdict(checker, number) for number in (share / 100, share))
    return as_part if as_part.passed else as_percent


def _check_arithmetic(checker: Mapping[str, Any], answer: str) -> Verdict:
    try:
        tokens = tokens_of(_plain_expression(answer))
        result = evaluate(_expression_side(tokens))
        claim = _claimed_side(tokens)
        claimed = evaluate(claim).value if claim else None
    except ExpressionError as error:
        return Verdict(False, "arithmetic", f"The expression {error}.")
    problem = _numbers_problem(checker["numbers"], result)
    target = Fraction(checker["target"])
    if problem is None and result.value != target:
        problem = f"makes {_shown(result.value)}, not {checker['target']}"
    if problem is None and claimed not in {None, target}:
        problem = "claims a value that it does not have"
    made = f"The expression {problem or f'uses every number once and makes {checker["target"]}'}."
    return Verdict(problem is None, "arithmetic", made)


def _plain_expression(answer: str) -> str:
    return strip_wrappers(answer) if len(answer) <= MAX_CHARS else answer


def _expression_side(tokens: Sequence[str]) -> Sequence[str]:
    """Return the side of `expression = 58` (or `58 = expression`) that is the expression."""
    left, right = _sides(tokens)
    return right if right and len(left) == 1 and len(right) > 1 else left


def _claimed_side(tokens: Sequence[str]) -> Sequence[str]:
    left, right = _sides(tokens)
    claim = left if right and len(left) == 1 and len(right) > 1 else right
    if len(claim) > 2:
        raise ExpressionError("has more than a number behind its equals sign")
    return claim


def _sides(tokens: Sequence[str]) -> tuple[Sequence[str], Sequence[str]]:
    if "=" not in tokens:
        return tokens, ()
    at = tokens.index("=")
    if "=" in tokens[at + 1 :]:
        raise ExpressionError("has more than one equals sign")
    if at == len(tokens) - 1:
        raise ExpressionError("ends too early")
    return tokens[:at], tokens[at + 1 :]


def _numbers_problem(given: Sequence[int], result: Evaluated) -> str | None:
    """Return which number is used wrongly, as in `uses 7 twice`, or None."""
    left = Counter(given)
    for number in result.numbers:
        # `-3` may be the given −3, or the given 3 with a minus before it.
        used = number if left[number] or not left[-number] or number >= 0 else -number
        if used not in left:
            return f"uses {used}, which is not among the numbers"
        left[used] -= 1
    for number, missing in left.items():
        if missing < 0:
            times = given.count(number) - missing
            return f"uses {number} {'twice' if times == 2 else f'{times} times'}"
    unused = [number for number, missing in left.items() if missing > 0]
    return f"does not use {_listed(unused)}" if unused else None


def _check_choice(checker: Mapping[str, Any], answer: str) -> Verdict | None:
    option = _option_of(checker, answer)
    if option is None:
        return Verdict(False, "choice", f"The answer is not one of {_listed(checker['options'])}.")
    expected = checker.get("expected")
    if not expected:
        return None
    return Verdict(
        option == expected,
        "choice",
        f"The answer is {option}{'' if option == expected else f', not {expected}'}.",
    )


def _option_of(checker: Mapping[str, Any], answer: str) -> str | None:
    """Return the option that an answer such as `(b)`, `B. Paris` or `option B` names, or None."""
    if len(answer) > MAX_CHARS:
        return None
    options = {option.casefold(): option for option in checker["options"]}
    plain = strip_wrappers(answer).casefold().removeprefix("option ").removeprefix("choice ").strip()
    for tried in (plain, plain.strip("()[]{}.:*\"' ")):
        if tried in options:
            return str(options[tried])
    head = plain.lstrip("([ ")
    named = [
        option
        for folded, option in options.items()
        if head.startswith((f"{folded})", f"{folded}.", f"{folded}:", f"{folded}]"))
    ]
    return str(named[0]) if len(named) == 1 else None


def _listed(items: Sequence[object]) -> str:
    texts = [str(item) for item in items]
    return texts[0] if len(texts) == 1 else ", ".join(texts[:-1]) + " and " + texts[-1]


def _shown(value: Fraction) -> str:
    text = str(value)
    return text if len(text) <= 40 else "a number far too long"
