"""The title of a job: what its user typed, or the first sentence of its problem that says something."""

import re
from collections.abc import Iterator

from jobs.core.errors import SubmitError
from jobs.lifecycle.submission.problem_text import is_visible
from jobs.presenters.markdown import in_signs

MAX_TITLE_CHARS = 80
"""Of a title that is made; a person may type a longer one."""
MAX_TYPED_TITLE_CHARS = 120
_READ_CHARS = 4_000
"""How much of a problem is read, from its first visible line on."""
_SHORT_CHARS = 24
"""A first sentence below this is joined by the next one."""
_JOINERS = "\u00ad\u200c\u200d\u200e\u200f"
"""What forms words and emoji without being seen itself: the soft hyphen, joiners, marks of direction."""

_FENCE = re.compile(r"^ {0,3}(?:```|~~~)")
_RULE = re.compile(r"^[\s|:=*_-]+$")
_LINE_MARK = re.compile(r"^(?:(?:#{1,6}|>|[-*+]|\d{1,3}[.)]|\[[ xX]\])\s+)+")
_LINK = re.compile(r"!?\[([^\[\]\n]{1,200})\]\([^()\s]{1,500}\)")
_STARS = re.compile(r"(?<![\w*])\*{1,3}(?=\S)([^*\n]{1,200})(?<=\S)\*{1,3}(?![\w*])")
_DOLLARS = re.compile(r"\$\$?([^$\n]{1,300})\$\$?(?!\d)|\\[(\[]([^\n]{1,300}?)\\[)\]]")
_GREETING = re.compile(
    r"^(?:dear|hi|hello|hey|good (?:morning|day|evening)|hallo|liebe[rs]?|sehr geehrte[rn]?|guten (?:tag|morgen)|bonjour"
    r"|cher|chère|hola|estimad[oa]|ciao|buongiorno)\b[^.?!:\n]{0,40}[,!.:]?$",
    re.IGNORECASE,
)
_SAYS_NOTHING = re.compile(
    r"^(?:please|kindly|can you|could you|would you|i (?:need|want|have)|help)?[ ,]*(?:please )?"
    r"(?:help(?: me)?|(?:solve|answer|consider|read|look at|work on|do)(?: the| this| these| my)?"
    r"(?: following| next)?(?: math| maths| physics| coding)?(?: problems?| questions?| tasks?| exercises?| puzzles?)?"
    r"|(?:a|one|some)? ?(?:quick )?(?:questions?|problems?|help)|(?:the )?(?:problems?|questions?|tasks?|exercises?))"
    r"(?: below| here| for me| with this| please)*[\s.:!?]*$",
    re.IGNORECASE,
)
_PLEASE = re.compile(r"^(?:please|kindly),?\s+(?=\S)", re.IGNORECASE)
_ENDS = re.compile(r"(?<=[.!?])[\"”’)]{0,2}\s+(?=[^\W\d_])|(?<=[。！？])")
_ABBREVIATED = re.compile(
    r"(?:^|\W)(?:\w|[ei]\.[ge]|z\.b|dr|mrs?|ms|prof|st|vs|no|nr|fig|eq|approx|resp|cf|etc|bzw|ca|al)\.$",
    re.IGNORECASE,
)


def title_of(problem: str) -> str:
    """Return the title of a job whose user typed none: without Markdown and greetings, cut at a word."""
    lines = _lines(problem)
    said = [line for line in lines if not _GREETING.match(line)] or lines
    sentences = [one for line in said for one in _sentences(_plain(line))]
    telling = [one for one in sentences if not _SAYS_NOTHING.match(one)] or sentences
    if not telling:
        return "Problem"
    title = telling[0]
    if len(title) < _SHORT_CHARS and len(telling) > 1 and not title.endswith("?"):
        title = f"{title} {telling[1]}"
    title = _PLEASE.sub("", title)
    return _cut(title[:1].upper() + title[1:] if title[:2].isalpha() else title)


def typed_title(text: str) -> str:
    """Return a title as a person typed it, on one line; empty for none. Raises SubmitError for one that is too long."""
    title = _one_line(text)
    if len(title) > MAX_TYPED_TITLE_CHARS:
        raise SubmitError(
            f"The title has {len(title)} characters; the limit is {MAX_TYPED_TITLE_CHARS}. Shorten it.",
            field="title",
            code="too_long",
        )
    return title


def _lines(problem: str) -> list[str]:
    """Return the first lines that can be seen, without marks of Markdown; of code only where there are no others."""
    text: list[str] = []
    code: list[str] = []
    read, in_code = 0, False
    for raw in problem.splitlines():
        if _FENCE.match(raw):
            in_code = not in_code
            continue
        line = _one_line(raw[:_READ_CHARS])
        if any(map(is_visible, line)):
            read += len(line)
            (code if in_code or _RULE.match(line) else text).append(_LINE_MARK.sub("", line))
        if read > _READ_CHARS:
            break
    return text or code


def _sentences(line: str) -> Iterator[str]:
    """Yield the sentences of a line; a full stop after an abbreviation ends none."""
    begun = ""
    for part in _ENDS.split(line):
        begun = f"{begun} {part}".strip() if begun else part.strip()
        if begun and not _ABBREVIATED.search(begun[-12:]):
            yield begun
            begun = ""
    if begun:
        yield begun


def _plain(line: str) -> str:
    """Return a line without marks of Markdown, its maths in signs where these say it."""
    line = _LINK.sub(r"\1", line)
    line = _DOLLARS.sub(lambda found: in_signs(found[1] or found[2]), line)
    if "\\" in line:
        line = in_signs(line)
    return " ".join(_STARS.sub(r"\1", line.replace("`", "")).replace("$$", "").split())


def _one_line(text: str) -> str:
    """Return a text on one line, without what cannot be printed."""
    shown = "".join(c if c.isprintable() or c in _JOINERS else " " for c in text)
    return " ".join(shown.split())


def _cut(title: str) -> str:
    """Return a title that is not too long, cut between two words where it has any."""
    if len(title) <= MAX_TITLE_CHARS:
        return title
    head, space, _ = title[:MAX_TITLE_CHARS].rpartition(" ")
    kept = head if space and len(head) > MAX_TITLE_CHARS // 2 else title[: MAX_TITLE_CHARS - 1]
    return kept.rstrip(" ,;:.-–—(") + "…"
