"""Split what a model writes into its thought, between `<think>` and `</think>`, and its reply."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

OPEN: Final = "<think>"
CLOSE: Final = "</think>"


class Parts(NamedTuple):
    """A piece of a reply: of the thought, and of what is said aloud."""

    thought: str
    said: str


class Splitter:
    """Splits a text that comes piece by piece; only a thought at the very beginning counts."""

    def __init__(self) -> None:
        self._waiting = ""  # may be the beginning of a tag
        self._tag: str | None = OPEN  # the tag that is looked for
        self._starts = False  # the reply begins: white space after the thought is left out

    def feed(self, piece: str) -> Parts:
        """Return what the next piece adds to thought and reply."""
        text = self._waiting + piece
        self._waiting = ""
        thought = ""
        if self._tag == OPEN:
            begun = text.lstrip()
            if begun.startswith(OPEN):
                text, self._tag = begun.removeprefix(OPEN), CLOSE
            elif OPEN.startswith(begun):
                self._waiting = text
                return Parts("", "")
            else:
                self._tag = None
        if self._tag == CLOSE:
            thought, closed, rest = text.partition(CLOSE)
            if not closed:
                kept = _beginning_of(CLOSE, text)
                self._waiting = text[len(text) - kept :]
                return Parts(text[: len(text) - kept], "")
            text, self._tag, self._starts = rest, None, True
        if self._starts:
            text = text.lstrip()
            self._starts = not text
        return Parts(thought, text)

    def end(self) -> Parts:
        """Return what was held back, when no more comes."""
        left, self._waiting = self._waiting, ""
        return Parts(left, "") if self._tag == CLOSE else Parts("", left)


class Stream:
    """Sets thought and reply apart in the events of one streamed completion."""

    def __init__(self) -> None:
        self.thought = ""  # so far
        self._splitter = Splitter()

    def parted(self, event: dict[str, Any]) -> dict[str, Any]:
        """Return the event with its piece of the thought as `reasoning_content`."""
        for choice in event.get("choices", ()):
            delta = choice["delta"]
            parts = self._splitter.feed(delta.get("content") or "")
            if choice.get("finish_reason"):
                last = self._splitter.end()
                parts = Parts(parts.thought + last.thought, parts.said + last.said)
            if delta.get("content") or parts.said:
                delta["content"] = parts.said
            if parts.thought:
                delta["reasoning_content"] = delta.get("reasoning_content", "") + parts.thought
            self.thought += delta.get("reasoning_content") or ""
        return event


def split(text: str) -> Parts:
    """Split a whole text."""
    splitter = Splitter()
    first, last = splitter.feed(text), splitter.end()
    return Parts(first.thought + last.thought, first.said + last.said)


def _beginning_of(tag: str, text: str) -> int:
    """Return how many characters at the end of `text` may be the beginning of `tag`."""
    return next((size for size in range(len(tag) - 1, 0, -1) if text.endswith(tag[:size])), 0)
