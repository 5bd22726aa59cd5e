"""Runs tests against a program, inside the sandbox, where it is given as a text.

Reads one JSON object: `mark`, `program`, `tests`. Says, each behind the mark: the names of the tests, then what became
of each, so that a test which never ends costs only itself. Tests are functions `test…`, methods `test…` of classes, and
asserts at the top level, with loops around them; where there is none of these, the calls at the top level. Examples
with `>>>` are tests too.

The program runs in another sandbox (`program.py`), so that nothing it does reaches the tests: what they
import of it are stand-ins. Tests that need more than that, such as a subclass of one of its classes, share a process
with it.
"""

import ast
import json
import os
import sys
from collections.abc import Callable
from typing import Any, NoReturn

from solver.checkers.unit_testing import examples, pytest_words
from solver.checkers.unit_testing.calling import Caller
from solver.checkers.unit_testing.errors import BrokenError
from solver.checkers.unit_testing.loading import borrow_names, load, missing_in, names_in
from solver.checkers.unit_testing.reach import reach_of

_MAX_ERROR_CHARS = 300


_RUNNERS = frozenset({"unittest.main", "pytest.main", "doctest.testmod", "sys.exit"})


def _names_a_test(name: str) -> bool:
    return name.startswith("test")


def _asserts(node: ast.stmt) -> bool:
    return any(
        isinstance(each, ast.Assert | ast.Raise)
        or (isinstance(each, ast.With) and "raises" in ast.unparse(each.items[0].context_expr).lower())
        for each in ast.walk(node)
    )


def _is_main(node: ast.stmt) -> bool:
    return isinstance(node, ast.If) and "__name__" in ast.dump(node.test)


def _is_plain_test(node: ast.stmt) -> bool:
    """Tell whether a statement of the top level tests something by itself."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return False
    return examples.is_example(node) or (not _is_main(node) and _asserts(node))


def _is_call(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)


def _starts_a_runner(node: ast.stmt) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Call)
        and ast.unparse(node.value.func) in _RUNNERS
    )


def _statements(tests: str) -> list[ast.stmt]:
    """Return the statements of the tests, without what would have another program run them. Raises SyntaxError."""
    body = examples.statements(tests)
    if not any(_plan(body)):
        body = [
            each
            for node in body
            for each in (node.body if isinstance(node, ast.If) and _is_main(node) else [node])
        ]
    return [each for each in body if not _starts_a_runner(each)]


def _methods(node: ast.ClassDef) -> list[str]:
    functions = (each for each in node.body if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef))
    return [f"{node.name}.{each.name}" for each in functions if _names_a_test(each.name)]


def _plan(body: list[ast.stmt]) -> tuple[dict[int, str], list[str]]:
    """Return the names of the statements that are tests, by their place, and the names of test functions."""
    functions = [
        name
        for node in body
        for name in (
            _methods(node)
            if isinstance(node, ast.ClassDef)
            else [node.name]
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and _names_a_test(node.name)
            else []
        )
    ]
    places = [place for place, node in enumerate(body) if _is_plain_test(node)]
    if not places and not functions:
        places = [place for place, node in enumerate(body) if _is_call(node)]
    names = {
        place: f"line {body[place].lineno}: {ast.unparse(body[place]).splitlines()[0][:60]}"
        for place in places
    }
    return names, functions


def _told(error: BaseException) -> str:
    notes = "".join(f", {each}" for each in getattr(error, "__notes__", ()))
    return f"{f'{type(error).__name__}: {error}'.rstrip(': ')}{notes}"[:_MAX_ERROR_CHARS]


class _Run:
    """One run of the tests; what it says goes to the real standard output, whatever the program does to its own."""

    def __init__(self, mark: str) -> None:
        self._mark, self._reports = mark, os.dup(1)
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        os.dup2(nowhere, 2)

    def say(self, **told: Any) -> None:
        """Report something."""
        os.write(self._reports, f"{self._mark}{json.dumps(told)}\n".encode())

    def end(self, **told: Any) -> NoReturn:
        """Report the last thing; nothing that the program left behind runs any more."""
        self.say(**told)
        os._exit(0)

    def one(self, name: str, run: Callable[[], object]) -> None:
        """Run one test."""
        try:
            run()
        except BrokenError as error:
            self.say(broken=str(error))
        except pytest_words.Skipped:
            self.say(test=name, error="")
        except BaseException as error:  # noqa: BLE001  # a test may raise anything
            self.say(test=name, error=_told(error))
        else:
            self.say(test=name, error="")

    def all(
        self, body: list[ast.stmt], plain: dict[int, str], functions: list[str], space: dict[str, Any]
    ) -> None:
        """Run the statements of the tests in their order, then the functions."""
        for place, node in enumerate(body):
            if examples.is_example(node):
                self.one(plain[place], lambda node=node: examples.run(node, space))  # type: ignore[misc]
                continue
            code = compile(ast.Module([node], []), "tests.py", "exec")
            if place in plain:
                self.one(plain[place], lambda code=code: exec(code, space))  # type: ignore[misc]  # noqa: S102
                continue
            try:
                exec(code, space)  # noqa: S102  # that is its purpose
            except BrokenError as error:
                self.end(broken=str(error))
            except BaseException as error:  # noqa: BLE001  # what the tests do before they test
                self.say(test=f"line {node.lineno}", error=_told(error))
        caller = Caller(space)
        for name in functions:
            self.one(name, lambda name=name: caller.call(name))  # type: ignore[misc]
        caller.close()


def main() -> None:
    """Run the tests and say what became of them."""
    order = json.loads(sys.stdin.read())
    run = _Run(order["mark"])
    sys.modules["pytest"] = pytest_words
    try:
        body = _statements(order["tests"])
        plain, functions = _plan(body)
        tree = ast.Module(body, [])
        names, missing = names_in(tree), missing_in(tree)
    except BaseException as error:  # noqa: BLE001  # whatever it is, the tests cannot be run
        run.end(broken=_told(error))
    if missing:
        run.end(broken=f"they import “{missing}”, which is not there")
    run.say(tests=[*plain.values(), *functions])
    try:
        if names.need_one_process:
            run.say(shares=True, by=reach_of(order["program"], names.of_program))
        space = load(order["program"], names)
    except BaseException as error:  # noqa: BLE001  # a program may raise anything
        run.end(program=_told(error))
    borrow_names(tree)
    run.all(body, plain, functions, space | {"__name__": "tests"})
    run.end(done=True)


if __name__ == "__main__":
    main()
