"""Work an expression out one operation at a time, and write what is left after each.

The order is that of the reference workings: the left side first, then the right side, then
the operation between them.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

from demo_model.tasks import Step, Term, join, leaf

_SIGNS: Final[dict[type[ast.operator], str]] = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}
_LONGEST: Final = 200  # characters of an expression that are looked at


@dataclass(frozen=True)
class Node:
    """An operation whose sides are numbers or operations."""

    left: Node | int
    op: str
    right: Node | int


class Reduced(NamedTuple):
    """One operation worked out, and the expression that is left (a number at the end)."""

    step: Step
    rest: Node | int


def parse(expression: str) -> Node | int:
    """Read whole numbers, brackets and + - * /; raise ValueError for anything else."""
    if len(expression) > _LONGEST:
        raise ValueError("the expression is too long")
    try:
        return _node(ast.parse(expression, mode="eval").body)
    except (SyntaxError, RecursionError, MemoryError):
        raise ValueError("this is not an expression") from None


def _node(node: ast.expr) -> Node | int:
    if isinstance(node, ast.Constant) and type(node.value) is int:
        return node.value
    if isinstance(node, ast.BinOp) and type(node.op) in _SIGNS:
        return Node(_node(node.left), _SIGNS[type(node.op)], _node(node.right))
    raise ValueError("only whole numbers and + - * / are expected")


def next_step(node: Node) -> Step:
    """Work out the next operation; ValueError where a division leaves no whole number."""
    if isinstance(node.left, Node):
        return next_step(node.left)
    if isinstance(node.right, Node):
        return next_step(node.right)
    return worked(node.left, node.op, node.right)


def worked(left: int, op: str, right: int) -> Step:
    """Return the operation with its result."""
    if op == "/":
        if right == 0 or left % right:
            raise ValueError("the division leaves no whole number")
        return Step(left, op, right, left // right)
    return Step(left, op, right, {"+": left + right, "-": left - right, "*": left * right}[op])


def put(node: Node, value: int) -> Node | int:
    """Replace the next operation by its result."""
    if isinstance(node.left, Node):
        return Node(put(node.left, value), node.op, node.right)
    if isinstance(node.right, Node):
        return Node(node.left, node.op, put(node.right, value))
    return value


def reductions(expression: str, modulus: int | None) -> Iterator[Reduced]:
    """Yield every operation in order; ValueError where a division leaves no whole number."""
    node = parse(expression)
    while isinstance(node, Node):
        step = next_step(node)
        node = put(node, step.value if modulus is None else step.value % modulus)
        yield Reduced(step, node)


def text_of(node: Node | int) -> str:
    """Write an expression with the brackets of the reference problems."""
    return _term(node).text


def _term(node: Node | int) -> Term:
    if isinstance(node, int):
        return leaf(node)
    return join(_term(node.left), node.op, _term(node.right), 0, as_grouped=True)


def step_text(step: Step, modulus: int | None) -> str:
    """Write an operation as the reference workings do."""
    text = f"{step.left} {step.op} {step.right} = {step.value}"
    if modulus is not None and step.value != step.value % modulus:
        text += f" = {step.value % modulus} mod {modulus}"
    return text
