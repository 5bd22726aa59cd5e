"""The child process of the judge: reads answers and names them by a canonical key.

To `{"answer": …, "known": [key, …]}` it says `{"key": …, "value": …}` and, after comparing with the known keys,
`{"match": key or null}`. `value` is a decimal text of up to 30 digits for answers that are real numbers.
"""

from collections.abc import Iterator
from typing import Any

from solver.processes.child import Handler, serve


def main() -> None:
    """Serve the judge until it closes the pipe."""
    serve(_load)


def _load() -> Handler:
    from solver.judging import equivalence

    def replies(request: dict[str, Any]) -> Iterator[dict[str, Any]]:
        form = equivalence.form_of(request["answer"])
        yield {"key": form and form.key, "value": form and form.value}
        yield {"match": equivalence.matching_key(form, request["known"]) if form else None}

    return replies
