"""The child process that renders: to `{"text": …, "prefix": …, "citations": …}` it says `{"html": …}`."""

from collections.abc import Iterator
from typing import Any

from jobs.presenters.markdown.convert import to_html
from solver.processes.child import Handler, serve


def main() -> None:
    """Serve the web process until it closes the pipe."""
    serve(_load)


def _load() -> Handler:
    def replies(request: dict[str, Any]) -> Iterator[dict[str, Any]]:
        yield {"html": to_html(request["text"], prefix=request["prefix"], citations=request["citations"])}

    to_html("Warm up `the` parser:\n\n```python\n1\n```\n", prefix="")
    return replies
