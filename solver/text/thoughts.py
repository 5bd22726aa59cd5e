"""Parts a model's thoughts from what it says aloud; time linear in the text, nothing raised.

A thought stands between tags that models are taught: `<think>`, `<reasoning>`, `[THINK]`, a channel of its own. A tag
in quotation marks or backticks is only spoken of.
"""

import re

_NAMES = (
    r"(?:seed:|ant)?think(?:ing)?|thoughts?|reasoning|reflection|rationale|scratch_?pad|analysis"
    r"|(?:inner|internal)_monologue"
)
_TAG = re.compile(
    rf"<(?P<close>/?)(?:{_NAMES})>|\[(?P<close2>/?)think\]|◁(?P<close3>/?)think▷|<\|(?P<word>begin|end)_of_thought\|>",
    re.IGNORECASE,
)
_SOLUTION = re.compile(r"<\|(?:begin|end)_of_solution\|>")
_CHANNEL = re.compile(r"<\|channel\|>\s{0,4}([a-z]{1,20})[^<\n]{0,40}<\|message\|>", re.IGNORECASE)
_CONTROL = re.compile(r"<\|[a-z_]{1,20}\|>", re.IGNORECASE)
_QUOTES = "`'\"“”‘’«»"
_LINE_START = 40
"""So many characters of a line are looked at before a tag."""


def without_thoughts(text: str) -> str | None:
    """Return the text after and between thoughts, or None where the last thought was never closed."""
    if "<|channel|>" in text:
        return _final_channel(text)
    text = _SOLUTION.sub("\n", text)
    kept: list[str] = []
    start, opened_at = 0, -1
    for tag in _TAG.finditer(text):
        if _is_quoted(text, tag.start(), tag.end()):
            continue
        closes = any(tag[name] == "/" for name in ("close", "close2", "close3")) or tag["word"] == "end"
        if closes and opened_at >= 0:
            start, opened_at = tag.end(), -1
        elif closes:
            # Some chat templates open the thought in the prompt: all before its end is thought.
            kept, start = [], tag.end()
        elif opened_at < 0:
            kept.append(text[start : tag.start()])
            opened_at = tag.start()
    if opened_at >= 0:
        if _begins_line(text, opened_at):
            return None
        # In the middle of a sentence and never closed: the tag is what the sentence is about.
        start = opened_at
    return "\n".join([*kept, text[start:]])


def _final_channel(text: str) -> str | None:
    """Return what follows the last opening of the channel `final`, None where there is none."""
    end = None
    for channel in _CHANNEL.finditer(text):
        if channel[1].casefold() == "final":
            end = channel.end()
    return None if end is None else _CONTROL.split(text[end:], maxsplit=1)[0]


def _is_quoted(text: str, start: int, end: int) -> bool:
    return (
        text[start - 1 : start] in _QUOTES and text[end : end + 1] in _QUOTES
        if start and end < len(text)
        else False
    )


def _begins_line(text: str, at: int) -> bool:
    before = text[max(0, at - _LINE_START) : at]
    return not before.rsplit("\n", 1)[-1].strip(" \t\r>*#_")
