"""Check replies by exact arithmetic: nothing here searches for an answer."""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable
from fractions import Fraction

from demo_model.tasks import Countdown, Modular

_OPERATORS: dict[type[ast.operator], Callable[[Fraction, Fraction], Fraction]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
_LONGEST = 200  # characters of an answer that are looked at


def answer_of(reply: str) -> str:
    """Return what follows `Answer:` on the last line, or an empty string."""
    match = re.fullmatch(r"Answer: (.+)", reply.rstrip().rsplit("\n", 1)[-1])
    return match[1].strip() if match else ""


def is_right(problem: Countdown | Modular, reply: str) -> bool:
    """Tell whether a reply's answer solves the problem."""
    answer = answer_of(reply)
    if isinstance(problem, Modular):
        return answer == str(problem.answer)
    if not re.fullmatch(r"[0-9+\-*/() ]+", answer) or len(answer) > _LONGEST:
        return False
    used: list[int] = []
    try:
        value = _value(ast.parse(answer, mode="eval").body, used)
    except (SyntaxError, ValueError, ZeroDivisionError):
        return False
    return value == problem.target and sorted(used) == sorted(problem.numbers)


def _value(node: ast.expr, used: list[int]) -> Fraction:
    if isinstance(node, ast.Constant) and type(node.value) is int:
        used.append(node.value)
        return Fraction(node.value)
    if isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
        return _OPERATORS[type(node.op)](_value(node.left, used), _value(node.right, used))
    raise ValueError("only whole numbers and + - * / are expected")
