"""Examples as Python's documentation writes them, `>>> add(2, 3)`: read as statements, and run. Given as a text."""

import ast
import contextlib
import importlib
import io
from typing import Any

_WANT = "what_the_example_wants"


def statements(tests: str) -> list[ast.stmt]:
    """Return the statements of tests, those of examples where they are no program. Raises SyntaxError."""
    try:
        return ast.parse(tests).body
    except SyntaxError:
        if ">>>" not in tests:
            raise
    body: list[ast.stmt] = []
    for each in importlib.import_module("doctest").DocTestParser().get_examples(tests):
        for node in ast.parse(each.source).body:
            setattr(node, _WANT, each if each.want else None)
            body.append(ast.increment_lineno(node, each.lineno))
    return body


def is_example(node: ast.stmt) -> bool:
    """Tell whether a statement is an example that says what comes of it."""
    return getattr(node, _WANT, None) is not None


def run(node: ast.stmt, space: dict[str, Any]) -> None:
    """Run an example. Raises AssertionError where something else comes of it."""
    example = getattr(node, _WANT)
    printed = io.StringIO()
    raised = ""
    with contextlib.redirect_stdout(printed):
        try:
            exec(compile(ast.Interactive([node]), "tests.py", "single"), space)  # noqa: S102  # that is its purpose
        except Exception as error:
            if example.exc_msg is None:
                raise
            raised = f"{type(error).__name__}: {error}\n"
    wanted, got = example.want if example.exc_msg is None else example.exc_msg, printed.getvalue()
    flags = sum(flag for flag, is_on in example.options.items() if is_on)
    if not importlib.import_module("doctest").OutputChecker().check_output(wanted, raised or got, flags):
        raise AssertionError(f"expected {wanted.strip()!r}, got {(raised or got).strip()!r}")
