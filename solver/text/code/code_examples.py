"""Examples and inputs of a function: in a problem's text (doctests), in a reply (asserts), and variations of them."""

import ast
import re
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from solver.text.code.code_blocks import code_blocks

_CALL = r"(\w+\(.{0,500}?\))"
_DOCTEST = re.compile(rf"^[ \t]*>>>[ \t]*{_CALL}[ \t]*\n[ \t]*(\S.{{0,500}})$", re.MULTILINE)
_STATED = re.compile(
    rf"\b{_CALL}[ \t]*(?:={{1,3}}>?|[-–]>|[➞→]|returns|gives)[ \t]*(\S.{{0,300}})$", re.MULTILINE
)
_NAMED = re.compile(
    r"\b(?:for|input)[ \t:]{1,3}(\w+[ \t]*=.{1,500}?)"
    r"(?:[ \t,]+the (?:output|result) (?:should be|is)|\n[ \t]*output[ \t:]{1,3})[ \t]*(\S.{0,300})$",
    re.MULTILINE | re.IGNORECASE,
)
"""`For x = 3, y = 4 the output should be 7`, `Input: x = 3` with `Output: 7` on the next line."""
_UNREADABLE = (SyntaxError, ValueError, TypeError, RecursionError, MemoryError)
_MAX_EXAMPLES = 20
_MAX_INPUTS = 60
_FUNCTION_WORDS = frozenset({"function", "Function", "functions", "def", "Funktion", "method"})
_MAX_TESTS = 24
_MAX_TEST_CHARS = 500
_MAX_TESTS_CHARS = 20_000
_FUNCTION = re.compile(r"^def[ \t]+(\w+)[ \t]*(\(.{0,300}?\))[ \t]*(?:->[^:\n]{1,100})?:", re.MULTILINE)


class Example(NamedTuple):
    """A call as Python writes it, and the value that it should have, as Python writes it."""

    call: str
    expected: str


def examples_in(problem: str, function: str) -> list[Example]:
    """Return the examples of a function that a problem shows; those that cannot be read are left out."""
    stated = [pair for pattern in (_DOCTEST, _STATED) for pair in pattern.findall(problem)]
    stated += [(f"{function}({given})", expected) for given, expected in _NAMED.findall(problem)]
    found = []
    for call, expected in stated:
        example = Example(_positional(call), expected.strip().rstrip(".,;"))
        if example.call.startswith(f"{function}(") and _is_literal(example.expected):
            found.append(example)
    return list(dict.fromkeys(found))[:_MAX_EXAMPLES]


def inputs_like(examples: list[Example]) -> list[str]:
    """Return the calls of the examples and, one argument at a time, variations of them."""
    calls = [example.call for example in examples]
    for call in [*calls]:
        name, values = _read(call)
        for place, value in enumerate(values):
            calls += [
                _written(name, [*values[:place], other, *values[place + 1 :]]) for other in _variations(value)
            ]
    return list(dict.fromkeys(calls))[:_MAX_INPUTS]


def tests_in(reply: str, function: str) -> list[Example]:
    """Return the asserts of a reply that call the function with literals and say its literal value."""
    found: list[Example] = []
    for block in code_blocks(reply):
        found += [example for each in _statements(block.code) if (example := _stated(each, function))]
    return list(dict.fromkeys(found))[:_MAX_TESTS]


def function_asked(problem: str, programs: Sequence[str]) -> str:
    """Return the signature of the function that a problem asks for, as its programs define it; empty: there is none.

    It is the one that the problem names, else the one that most programs define; of equals the last one. A problem that
    neither names one nor speaks of a function asks for a program that does something by itself.
    """
    signatures: dict[str, str] = {}
    counts: Counter[str] = Counter()
    for program in programs:
        defined = dict(_FUNCTION.findall(program))
        signatures |= {name: f"{name}{given}" for name, given in defined.items() if name not in signatures}
        counts.update(defined.keys())
    named = set(re.findall(r"\w+", problem))
    order = {name: place for place, name in enumerate(signatures)}
    if named.isdisjoint(signatures) and named.isdisjoint(_FUNCTION_WORDS):
        return ""
    best = max(signatures, key=lambda name: (name in named, counts[name], order[name]), default="")
    return signatures.get(best, "")


def _statements(code: str) -> list[ast.stmt]:
    """Return the statements of a block, those inside of test functions too; of one that is broken those of its lines."""
    code = code[:_MAX_TESTS_CHARS]
    try:
        return [node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.stmt)]
    except _UNREADABLE:
        found = []
        for line in code.splitlines():
            try:
                found += ast.parse(line.strip()).body
            except _UNREADABLE:
                continue
        return found


def _stated(statement: ast.stmt, function: str) -> Example | None:
    """Return the example that a statement states; None where it states none, or is nested too deep to be written."""
    try:
        return _asserted(statement, function)
    except _UNREADABLE:
        return None


def _asserted(statement: ast.stmt, function: str) -> Example | None:
    """Return the example that an assert states: a call and its value; None where it states none."""
    match statement:
        case ast.Assert(
            test=ast.Compare(
                left=ast.Call(func=ast.Name(id=name)) as call, ops=[ast.Eq() | ast.Is()], comparators=[value]
            )
        ) if name == function:
            example = Example(ast.unparse(call), ast.unparse(value))
        case ast.Assert(test=ast.Call(func=ast.Name(id=name)) as call) if name == function:
            example = Example(ast.unparse(call), "True")
        case ast.Assert(test=ast.UnaryOp(op=ast.Not(), operand=ast.Call(func=ast.Name(id=name)) as call)) if (
            name == function
        ):
            example = Example(ast.unparse(call), "False")
        case _:
            return None
    short = max(len(example.call), len(example.expected)) <= _MAX_TEST_CHARS
    return example if short and _read(example.call)[0] and _is_literal(example.expected) else None


def _variations(value: object) -> list[object]:
    """Return values of the same kind near to a value, the borders of the kind among them."""
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, int):
        return [value + 1, value - 1, value * 2, 0, 1]
    if isinstance(value, float):
        return [value + 0.5, -value, 0.0]
    if isinstance(value, str):
        return [value[::-1], value.upper(), value[:-1], value + value, ""]
    if isinstance(value, list):
        return [value[::-1], value[:-1], value + value[:1], sorted(value, key=repr), []]
    return []


def _positional(call: str) -> str:
    """Return a call with its arguments by place; empty for one whose arguments are not literals."""
    name, values = _read(call)
    return _written(name, values) if name else ""


def _written(name: str, values: list[object]) -> str:
    return f"{name}({', '.join(map(repr, values))})"


def _read(call: str) -> tuple[str, list[object]]:
    """Return the name and the arguments of a call; no name where they are not literals."""
    try:
        node = ast.parse(call, mode="eval").body
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            given = [*node.args, *(each.value for each in node.keywords)]
            return node.func.id, [ast.literal_eval(argument) for argument in given]
    except _UNREADABLE:
        pass
    return "", []


def _is_literal(text: str) -> bool:
    try:
        ast.literal_eval(text)
    except _UNREADABLE:
        return False
    return True
