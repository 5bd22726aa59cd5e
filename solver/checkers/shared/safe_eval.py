r"""Evaluates `(25 - 7) * 3` exactly, from text that anyone may have written.

A tokenizer and a recursive descent over + − × ÷ and brackets, with fractions; no powers, no names, no
functions, no digits put side by side. Sizes are bounded before anything is computed:

    sum     = product { (+ | -) product }
    product = factor { (* | /) factor }
    factor  = [-] ( number | "(" sum ")" | \frac{sum}{sum} )
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import NamedTuple

MAX_CHARS = 2_000
MAX_DEPTH = 100
MAX_DIGITS = 12

_REWRITE = {
    "\\times": "*", "\\cdot": "*", "\\ast": "*", "\\div": "/", "\\left": "", "\\right": "",
    "\\*": "*", "\\,": " ", "\\;": " ", "\\!": " ", "\\ ": " ", "\\dfrac": "\\frac",
    "\\tfrac": "\\frac", "×": "*", "·": "*", "⋅": "*", "∙": "*", "∗": "*", "÷": "/", "∕": "/",
    "⁄": "/", "−": "-", "–": "-", "[": "(", "]": ")", "（": "(", "）": ")", "{": "(", "}": ")",
    "\u00a0": " ",
}  # fmt: skip
_TOKEN = re.compile(r" *(?:([0-9]+)(?![0-9.])|(\\frac(?![a-z]))|([-+*/()=]))")
_TEXT_WRAP = re.compile(r"\\(?:text|mathrm)\{([^{}]*)\}")


class ExpressionError(ValueError):
    """A text that is not such an expression; the message ends a sentence, as in `divides by zero`."""


class Evaluated(NamedTuple):
    """The exact value of an expression and the numbers written in it, signs of `-3` included, in order."""

    value: Fraction
    numbers: Sequence[int]


def tokens_of(text: str) -> list[str]:
    """Split an expression into tokens, LaTeX and typographic signs made plain. Raises ExpressionError."""
    if len(text) > MAX_CHARS:
        raise ExpressionError(f"is longer than {MAX_CHARS:,} characters")
    plain = _TEXT_WRAP.sub(r"\1", text)
    for written, meant in _REWRITE.items():
        plain = plain.replace(written, meant)
    plain = " ".join(plain.split())
    tokens, at = [], 0
    while at < len(plain):
        found = _TOKEN.match(plain, at)
        if found is None:
            raise ExpressionError(
                f"has “{plain[at : at + 12].strip()}”, where a number, + − × ÷ or a bracket is expected"
            )
        if found[1] and len(found[1]) > MAX_DIGITS:
            raise ExpressionError(f"has a number of more than {MAX_DIGITS} digits")
        tokens.append(found[1] or found[2] or found[3])
        at = found.end()
    return tokens


def evaluate(tokens: Sequence[str]) -> Evaluated:
    """Return the exact value of one expression. Raises ExpressionError, also for a division by zero."""
    parser = _Parser(list(tokens))
    value = parser.sum(0)
    if parser.at < len(tokens):
        raise ExpressionError(f"has “{tokens[parser.at]}” where an operation is expected")
    return Evaluated(value, tuple(parser.numbers))


@dataclass(slots=True)
class _Parser:
    tokens: list[str]
    at: int = 0
    numbers: list[int] = field(default_factory=list)

    def peek(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def take(self) -> str:
        token = self.peek()
        self.at += 1
        return token

    def sum(self, depth: int) -> Fraction:
        value = self.product(depth)
        while self.peek() in {"+", "-"}:
            value = value + self.product(depth) if self.take() == "+" else value - self.product(depth)
        return value

    def product(self, depth: int) -> Fraction:
        value = self.factor(depth)
        while self.peek() in {"*", "/"}:
            if self.take() == "*":
                value *= self.factor(depth)
            else:
                value = _divide(value, self.factor(depth))
        return value

    def factor(self, depth: int) -> Fraction:
        if depth > MAX_DEPTH:
            raise ExpressionError(f"has brackets more than {MAX_DEPTH} deep")
        symbol = self.take()
        negative = symbol == "-"
        if negative:
            symbol = self.take()
        if symbol.isdigit():
            number = -int(symbol) if negative else int(symbol)
            self.numbers.append(number)
            return Fraction(number)
        if symbol == "(":
            value = self.closed(depth)
        elif symbol == "\\frac":
            value = _divide(self.group(depth), self.group(depth))
        else:
            raise ExpressionError(
                f"has “{symbol}” where a number is expected" if symbol else "ends too early"
            )
        return -value if negative else value

    def group(self, depth: int) -> Fraction:
        if self.take() != "(":
            raise ExpressionError("has a \\frac without braces")
        return self.closed(depth)

    def closed(self, depth: int) -> Fraction:
        value = self.sum(depth + 1)
        if self.take() != ")":
            raise ExpressionError("has a bracket that is not closed")
        return value


def _divide(above: Fraction, below: Fraction) -> Fraction:
    if not below:
        raise ExpressionError("divides by zero")
    return above / below
