"""Control tokens that a model leaves in its reply: ends of turns (`<|im_end|>`), padding, tags of what taught it.

They are taken out where they end a line. In code, between quotation marks, in pairs and in the middle of a sentence
they are what the text is about. Time linear in the text's length; nothing is raised.
"""

import re
from collections.abc import Iterator

from solver.text.fences import fenced_spans

_TURN_END = (
    r"<\|(?:im_end|im_start|eot_id|eom_id|end|end_?of_?(?:text|turn|message)|return|user|system|assistant)\|>"
    r"|<｜(?:end▁of▁sentence|User|Assistant)｜>|<(?:end|start)_of_turn>|<end_of_utterance>|<eos>|\[EOS\]"
)
# Boxes, thoughts and solutions have readers of their own.
_SPECIAL = (
    r"<\|(?![a-z_]{0,12}_of_(?:box|thought|solution)\|)[a-z0-9_]{2,30}\|>|<｜[^<>|\n]{1,40}｜>"
    r"|</?(?:s|bos|pad|unk|sep|cls|eot|eod)>|\[(?:BOS|PAD|UNK|EOT|/?INST)\]|<</?SYS>>"
)
# They may as well be somebody's own tags.
_WORD = (
    r"</?(?:context|end|stop|start|begin|eof|user|assistant|system|human|bot|question|query|response|document|passage"
    r"|instructions?|prompt)>"
)
_TOKEN = rf"(?:{_TURN_END}|{_SPECIAL}|{_WORD})"
_ANY = re.compile(_TOKEN, re.IGNORECASE)
# Where the line goes on behind it is looked at afterwards: as a condition, it would be tried from each token of a run.
_RUN = re.compile(rf"(?<![ \t])[ \t]*+(?P<tokens>(?:{_TOKEN}[ \t]*+)++)", re.IGNORECASE)
_LINE_END = re.compile(r"\r?$", re.MULTILINE)
# The next turn begins on the same line, or on another.
_ENDED = re.compile(
    rf"(?:{_TURN_END})(?=\s*\Z|[ \t]*+(?:\r?$|{_TOKEN}|(?:user|assistant|human|model)\b))",
    re.IGNORECASE | re.MULTILINE,
)
_WORDS = re.compile(_WORD, re.IGNORECASE)
_TAG = re.compile(r"<(/?)([a-z]{1,12})>", re.IGNORECASE)
_ELEMENT_END = re.compile(r"</[a-z][a-z0-9:-]{0,20}>|/>", re.IGNORECASE)
_ANNOUNCES = tuple(":=：`")
_LAST_CLOSE = re.compile(r"(?<=\n)[ \t]*+</(?P<name>[a-z]{1,20})>\s*+\Z", re.IGNORECASE)


def without_control_tokens(text: str) -> str:
    """Return a text without the control tokens that end its lines, and without what follows the end of its turn."""
    text = _without_last_close(text)
    if not _ANY.search(text):
        return text
    text = _own_turn(text)
    kept, at = [], 0
    for start, end in _leftovers(text):
        kept.append(text[at:start])
        at = end
    return "".join([*kept, text[at:]])


def _without_last_close(text: str) -> str:
    """Return a text without a last line that closes what was never opened, of whatever name."""
    found = _LAST_CLOSE.search(text)
    if (
        found is None
        or f"<{found['name']}".casefold() in text.casefold()
        or _code_spans(text).holds(found.start())
    ):
        return text
    before = text[: found.start()].rstrip()
    return text if not before or before.rstrip("*_ ").endswith(_ANNOUNCES) else before


def _own_turn(text: str) -> str:
    """Return what a model said before its turn ended."""
    code = _code_spans(text)
    for found in _ENDED.finditer(text):
        if not code.holds(found.start()) and text[: found.start()].strip():
            return text[: found.start()]
    return text


def _leftovers(text: str) -> Iterator[tuple[int, int]]:
    code, paired = _code_spans(text), _paired(text)
    is_markup = any(not _WORDS.fullmatch(each[0]) for each in _ELEMENT_END.finditer(text))
    for run in _RUN.finditer(text):
        if not _LINE_END.match(text, run.end()):
            continue
        is_last = not text[run.end() : run.end() + 200].strip() and len(text) - run.end() < 200
        words = _WORDS.search(run["tokens"])
        if code.holds(run.start("tokens")) and (words or not is_last):
            continue
        if any(tag[2].casefold() in paired for tag in _TAG.finditer(run["tokens"])):
            continue
        line = text[text.rfind("\n", 0, run.start("tokens")) + 1 : run.start("tokens")].strip()
        if words and (is_markup or (line and not is_last) or line.rstrip("*_ ").endswith(_ANNOUNCES)):
            continue
        yield run.span()


def _paired(text: str) -> set[str]:
    """Return the names of the tags that a text both opens and closes."""
    tags = {(tag[1], tag[2].casefold()) for tag in _TAG.finditer(text)}
    return {name for closes, name in tags if closes and ("", name) in tags}


class _Spans:
    """Where code stands; asked for places from left to right."""

    def __init__(self, spans: Iterator[tuple[int, int]]) -> None:
        self._spans = spans
        self._now = next(spans, None)

    def holds(self, place: int) -> bool:
        """Tell whether a place, not before the last one asked for, is in code."""
        while self._now is not None and self._now[1] <= place:
            self._now = next(self._spans, None)
        return self._now is not None and self._now[0] <= place


def _code_spans(text: str) -> _Spans:
    return _Spans((span.opening.end(), span.end) for span in fenced_spans(text))
