"""The child process of the judge: reads answers and names them by a canonical key.

To `{"answer": …, "known": [key, …]}` it says `{"key": …, "value": …}` and, after comparing with the known keys,
`{"match": key or null}`. `value` is a decimal text of up to 30 digits for answers that are real numbers.
To `{"checker": {…}, "answer": …}` it says `{"verdict": [passed, checker, detail]}`.
"""

from collections.abc import Iterator
from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from solver.checkers import checker_from_json
from solver.processes.child import Handler, serve

if TYPE_CHECKING:
    from solver.judging.child_tools import Tools

_WARM_UP = (r"\frac{x+1}{2}", r"\sqrt{3+2\sqrt{2}}")
_WARM_UP_KEYS = ("num:3", "math:x + 1")


def main() -> None:
    """Serve the judge until it closes the pipe."""
    serve(_load)


def _load() -> Handler:
    from solver.judging import equivalence

    # The parser and sympy fill their tables with the first formulas: no request's limit is to pay for that.
    for formula in _WARM_UP:
        form = equivalence.form_of(formula)
        assert form is not None, "plain formulas are read"
        equivalence.matching_key(form, _WARM_UP_KEYS)

    def compared(request: dict[str, Any]) -> Iterator[dict[str, Any]]:
        form = equivalence.form_of(request["answer"])
        yield {"key": form and form.key, "value": form and form.value}
        yield {"match": equivalence.matching_key(form, request["known"]) if form else None}

    return lambda request: _checked(request, _tools()) if "checker" in request else compared(request)


def _checked(request: dict[str, Any], tools: "Tools") -> Iterator[dict[str, Any]]:
    checker = checker_from_json(request["checker"])
    assert checker is not None, "the judge sends one"
    yield {"verdict": list(checker.check_in_child(request["answer"], tools))}


@lru_cache(maxsize=1)
def _tools() -> "Tools":
    """Load what checkers alone need, with the first of them; the limit of its request begins afterwards."""
    from solver.judging.child_tools import Tools

    tools = Tools()
    tools.converted(Fraction(1), "km", "m")
    return tools
