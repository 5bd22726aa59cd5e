"""`arithmetic`: the answer is an expression that uses every given number exactly once and makes a target."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar, Self

from solver.checkers.base import BaseChecker, CheckerError, Field, listed
from solver.checkers.recognise import MAX_MAGNITUDE, MAX_NUMBERS, ProblemKind, puzzle_kind, recognise_puzzle
from solver.checkers.shared.reachable import can_make
from solver.checkers.shared.safe_eval import MAX_CHARS, Evaluated, ExpressionError, evaluate, tokens_of
from solver.core.verdict import Verdict
from solver.text.keys import bounded_key, text_key
from solver.text.values.latex import strip_wrappers

_WHOLE = re.compile(r"[+-]?[0-9]{1,10}")


@dataclass(frozen=True, slots=True)
class Arithmetic(BaseChecker):
    """Evaluates with bounded numbers and the four operations (safe_eval.py); nothing else is computed."""

    kind: ClassVar[str] = "arithmetic"
    title: ClassVar[str] = "Arithmetic puzzle"
    form_fields: ClassVar[tuple[Field, ...]] = (
        Field("numbers", "Numbers to use", "3, 7, 12, 25"),
        Field("target", "Target", "58", max_chars=60),
    )
    form_hint: ClassVar[str] = "Leave both empty to read them from the problem."
    terminal_examples: ClassVar[tuple[str, ...]] = ("arithmetic", "arithmetic:3,7,12,25=58")
    computes: ClassVar[bool] = True

    numbers: tuple[int, ...]
    target: int

    @classmethod
    def from_fields(cls, given: Mapping[str, str], problem: str, /) -> Self:
        """Read numbers and target; both empty: from the problem. Raises CheckerError."""
        numbers, target = given.get("numbers", ""), given.get("target", "")
        if not numbers and not target:
            return cls._from_problem(problem)
        parts = [part for part in re.split(r"[,;\s]+", numbers) if part]
        if not 1 <= len(parts) <= MAX_NUMBERS:
            raise CheckerError(
                f"The puzzle has {len(parts)} numbers. Enter 1 to {MAX_NUMBERS}, such as 3, 7, 12, 25."
            )
        return cls(tuple(_whole(part, "number") for part in parts), _whole(target, "target"))

    @classmethod
    def _from_problem(cls, problem: str) -> Self:
        found = cls.recognise(problem)
        if found is None:
            raise CheckerError(
                "The problem is not recognised as a number puzzle. Enter the numbers and the target, "
                "or write the problem as “Use 3, 7, 12, 25 to make 58.”"
            )
        return found

    @classmethod
    def read_option(cls, text: str, /) -> Mapping[str, str]:
        """Read `3,7,12,25=58`."""
        numbers, _, target = text.rpartition("=")
        return {"numbers": numbers, "target": target}

    @classmethod
    def recognise(cls, problem: str, /) -> Self | None:
        """Return the checker of a puzzle such as “Use 3, 7, 12, 25 to make 58.”, or None when in doubt."""
        puzzle = recognise_puzzle(problem)
        return cls(puzzle.numbers, puzzle.target) if puzzle else None

    def to_fields(self) -> Mapping[str, str]:
        """Return what stands in the fields of the form."""
        return {"numbers": ", ".join(map(str, self.numbers)), "target": str(self.target)}

    @property
    def passes_nothing(self) -> str:
        """Say that nothing makes the target, where everything can be tried."""
        if can_make(self.target, self.numbers) is not False:
            return ""
        return f"No expression that uses each of {listed(self.numbers)} exactly once makes {self.target}: all were tried."

    def problem_kind(self, _text: str, /) -> ProblemKind:
        """A number puzzle, whatever its words."""
        return puzzle_kind(self.numbers, self.target)

    def hint(self) -> str:
        """Return what a model is told about the form of the answer."""
        return "The answer is an arithmetic expression that uses every given number exactly once."

    def check(self, answer: str, /) -> Verdict:
        """Evaluate the expression, with or without `= 58` beside it, and count its numbers."""
        try:
            tokens = tokens_of(_plain_expression(answer))
            result = evaluate(_expression_side(tokens))
            claim = _claimed_side(tokens)
            claimed = evaluate(claim).value if claim else None
        except ExpressionError as error:
            return self.verdict(f"The expression {error}.", passed=False)
        problem = self._numbers_problem(result)
        if problem is None and result.value != self.target:
            problem = f"makes {_shown(result.value)}, not {self.target}"
        if problem is None and claimed not in {None, Fraction(self.target)}:
            problem = "claims a value that it does not have"
        made = problem or f"uses every number once and makes {self.target}"
        return self.verdict(f"The expression {made}.", passed=problem is None)

    def key(self, answer: str, /) -> str | None:
        """Keep the expression's form (`expr:(25-7)*3`): two right ways to a target are two answers."""
        try:
            body = "".join(_expression_side(tokens_of(_plain_expression(answer))))
        except ExpressionError:
            body = ""
        return bounded_key("expr", body) if body else text_key(answer)

    def describe(self) -> str:
        """Return what is checked, in words."""
        return f"uses each of {listed(self.numbers)} exactly once and makes {self.target}"

    def _numbers_problem(self, result: Evaluated) -> str | None:
        """Return which number is used wrongly, as in `uses 7 twice`, or None."""
        left = Counter(self.numbers)
        for number in result.numbers:
            # `-3` may be the given −3, or the given 3 with a minus before it.
            used = number if left[number] or not left[-number] or number >= 0 else -number
            if used not in left:
                return f"uses {used}, which is not among the numbers"
            left[used] -= 1
        for number, missing in left.items():
            if missing < 0:
                times = self.numbers.count(number) - missing
                return f"uses {number} {'twice' if times == 2 else f'{times} times'}"
        unused = [number for number, missing in left.items() if missing > 0]
        return f"does not use {listed(unused)}" if unused else None


def _whole(text: str, name: str) -> int:
    plain = text.strip().replace("−", "-")
    if not _WHOLE.fullmatch(plain) or abs(int(plain)) > MAX_MAGNITUDE:
        shown = f"“{plain[:20]}” is not a {name}" if plain else f"the {name} is empty"
        raise CheckerError(
            f"Arithmetic checker: {shown}. Enter a whole number of at most {MAX_MAGNITUDE:,}, such as 58."
        )
    return int(plain)


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


def _shown(value: Fraction) -> str:
    text = str(value)
    return text if len(text) <= 40 else "a number far too long"
