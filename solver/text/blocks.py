r"""Takes the whole of an answer that begins at a place: a line, a display formula, a code block, JSON, a table, a list.

Plain string work on a window of bounded size. An opening delimiter is never an answer.
"""

import re
from collections.abc import Callable

from solver.text.fences import FENCE, fenced_blocks
from solver.text.keys import quick_key
from solver.text.values.decoration import without_decoration

MAX_BLOCK_CHARS = 20_000
_MAX_BLANK_CHARS = 200
_BRACE = re.compile(r"\\.|[{}]", re.DOTALL)
_DISPLAY = (("$$", "$$"), ("\\[", "\\]"), ("\\(", "\\)"))
_ITEM = re.compile(r"[ \t]{0,8}(?:[-*•+][ \t]|\(?(?:[0-9]{1,3}|[a-zA-Z])[.)][ \t])")
_EQUATION = re.compile(
    r"[ \t$]{0,8}[A-Za-z][A-Za-z0-9_{}]{0,6}(?:\([^()\n]{0,12}\))? ?(?:=|<|>|≤|≥|\\[gl]eq?)"
)
_UNDERLINE = re.compile(r"\n[ \t]*(?:={3,}|-{3,})[ \t]*(?=\r?\n)")
_QUOTED = re.compile(r"^[ \t]{0,3}>(?: |$)", re.MULTILINE)
_DASHED = re.compile(r"[—–]\s+(?=\S)")
_ELEMENT = re.compile(r"<([a-zA-Z][a-zA-Z0-9]{0,20})(?=[ >])")
_ENVIRONMENT = re.compile(r"\\begin\{([a-zA-Z]{1,20}\*?)\}")
_OPENERS, _CLOSERS = "([{", ")]}"
_PAIRED = (("***", "***"), ("**", "**"), ("```", "```"), ("`", "`"), ("*", "*"), ('"', '"'), ("“", "”"), ("‘", "’"),
("「", "」"), ("„", "“"),
           ("'", "'"), ("__", "__"), ("_", "_"))  # fmt: skip
_CLOSES = {"»": "«", "’": "‘", "“": "„", ")": "(", "]": "["}


def block_after(text: str, at: int, *, owed: str = "", whole: bool = False) -> str | None:
    """Return the answer that begins at `at`, or None where nothing does.

    `owed` is the emphasis that was opened before and is closed behind it. Where it begins on a line of its own, or is
    known to be the `whole`, it may have several lines; behind other words on the line only where they belong together.
    """
    window = text[at : at + MAX_BLOCK_CHARS]
    begun = window.lstrip(" \t\r*_`" if not whole else " \t\r")
    fresh = begun.startswith("\n") or not begun
    if FENCE.match(kept := window.lstrip(" \t\r*_")):
        return _fenced(kept)
    if fresh:
        begun = _UNDERLINE.sub("", begun, count=1) if _UNDERLINE.match(begun) else begun
        begun = _QUOTED.sub("", begun) if _QUOTED.match(begun.lstrip()) else begun
        blank = len(begun) - len(begun.lstrip())
        if not begun.strip() or blank > _MAX_BLANK_CHARS:
            return None
        begun = begun.lstrip("\n\r\t ") if not _ITEM.match(begun.lstrip("\n\r")) else begun.lstrip("\n\r")
    else:
        begun = window.lstrip(" \t\r")
    if FENCE.match(begun):
        return _fenced(begun)
    return _delimited(begun) or _lines(begun, owed, several=fresh or whole)


def braced(text: str, at: int) -> str | None:
    r"""Return what stands between the balanced braces that open at `at`; of `\boxed 7` the token. None: nothing does."""
    window = text[at : at + MAX_BLOCK_CHARS]
    opened = len(window[:20]) - len(window[:20].lstrip(" \t\n"))
    if not window.startswith("{", opened):
        token = re.match(
            r"[ \t]{0,3}([-−]?[0-9]+(?:[.,][0-9]+)*|[A-Z](?![\w])|[a-z](?=[\s.$]*(?:\n|$)))", window
        )
        return token[1] if token else None
    depth = 0
    for brace in _BRACE.finditer(window, opened):
        depth += {"{": 1, "}": -1}.get(brace[0], 0)
        if depth == 0 and brace[0] == "}":
            return window[opened + 1 : brace.start()]
    return None


def _fenced(text: str) -> str | None:
    """Return what the code block that a text begins with holds."""
    return next(fenced_blocks(text)).code.strip("\n") or None


def _delimited(begun: str) -> str | None:
    """Return what stands in a display formula or environment that spans lines, None where there is no such."""
    line_end = begun.find("\n")
    for opening, closing in _DISPLAY:
        # An inline formula may have lines, too; one whose line goes on is part of it.
        if begun.startswith(opening if opening != "\\(" else f"{opening}\n"):
            end = begun.find(closing, len(opening))
            if end < 0 or 0 <= line_end < end:
                inside = begun[len(opening) : end if end >= 0 else len(begun)]
                return " ".join(inside.split()).rstrip(".,") or None
    if begun.startswith("$\n") and (end := begun.find("$", 1)) > 0:
        return " ".join(begun[1:end].split()) or None
    environment = _ENVIRONMENT.match(begun)
    if environment and line_end >= 0:
        closing = f"\\end{{{environment[1]}}}"
        end = begun.find(closing)
        if end > line_end and environment[1].rstrip("*") in {
            "align",
            "aligned",
            "equation",
            "gather",
            "displaymath",
        }:
            return " ".join(begun[environment.end() : end].replace("&", "").split()) or None
        if end > line_end:
            return " ".join(begun[: end + len(closing)].split())
    return None


def _lines(begun: str, owed: str, *, several: bool) -> str | None:
    """Return the first line, with those that belong to it."""
    lines = begun.split("\n")
    first = tidy(lines[0], owed)
    if not first or first in {"$$", "\\[", "\\(", "$", "```"}:
        return None
    taken = 1
    if _open_brackets(lines[0]) > 0:
        taken = _until_closed(lines)
    elif element := _ELEMENT.match(lines[0].lstrip()):
        taken = _until_element_ends(lines, element[1])
    elif lines[0].lstrip().startswith("|"):
        taken = _while(lines, lambda line: line.lstrip().startswith("|"))
    elif _ITEM.match(lines[0]) and (several or (len(lines) > 1 and _ITEM.match(lines[1]))):
        taken = _while(
            lines, lambda line: bool(_ITEM.match(line)) or line[:1] in {" ", "\t"}, skip_blank=True
        )
    elif _EQUATION.match(lines[0]):
        taken = _while(lines, lambda line: bool(_EQUATION.match(line)))
    elif several and quick_key(first) is None:
        taken = _while(lines, lambda line: bool(line.strip()))
    if taken == 1:
        return first
    return "\n".join(line.rstrip() for line in lines[:taken]).strip()


def _while(lines: list[str], belongs: Callable[[str], bool], *, skip_blank: bool = False) -> int:
    """Return how many lines from the first on belong together."""
    taken = 1
    for at in range(1, min(len(lines), 200)):
        if belongs(lines[at]):
            taken = at + 1
        elif not (skip_blank and not lines[at].strip()):
            break
    return taken


def _open_brackets(line: str) -> int:
    return sum(line.count(sign) for sign in _OPENERS) - sum(line.count(sign) for sign in _CLOSERS)


def _until_closed(lines: list[str]) -> int:
    """Return how many lines it takes until the brackets of the first are closed; 1 where they never are."""
    depth = 0
    for at, line in enumerate(lines[:400]):
        depth += _open_brackets(line)
        if depth <= 0:
            return at + 1
    return 1


def _until_element_ends(lines: list[str], name: str) -> int:
    """Return how many lines it takes until an element of HTML is closed; 1 where it never is."""
    depth = 0
    for at, line in enumerate(lines[:400]):
        depth += len(re.findall(rf"<{name}(?=[ >])", line)) - line.count(f"</{name}>")
        if depth <= 0:
            return at + 1
    return 1


def tidy(value: str, owed: str = "") -> str:
    """Return a line's value without the emphasis, quotation marks and signs around it."""
    value = without_decoration(value)
    value = value[dash.end() :] if (dash := _DASHED.match(value)) else value
    # `**Answer:** 15`: what was opened before the word is closed before the value.
    if closed := re.match(r"(\*{1,3}|_{1,2}|`)[ \t]+", value):
        value, owed = value[closed.end() :], owed.replace(closed[1], "", 1)
    for _ in range(4):
        before = value
        for opening, closing in _PAIRED:
            inner = value[len(opening) : len(value) - len(closing)]
            if (
                value.startswith(opening)
                and value.endswith(closing)
                and inner.strip()
                and opening not in inner
            ):
                # `__init__` is a name, not emphasis.
                if opening[0] == "_" and re.fullmatch(r"\w+", inner):
                    continue
                value = inner.strip()
        for mark in ("**", "*", "`", "__", "_", '"', "”", "'", *_CLOSES):
            opened = (
                mark in owed or (mark == "”" and "“" in owed) or (mark in _CLOSES and _CLOSES[mark] in owed)
            )
            loose = mark in {"**", "*"} and value.count(mark) == 1 and not value.startswith(mark)
            if value.endswith(mark) and (opened or loose) and _is_loose(value, mark):
                value = value[: -len(mark)].rstrip()
            elif value.endswith(f"{mark}.") and (opened or loose) and _is_loose(value, mark):
                value = value[: -len(mark) - 1].rstrip()
        if value == before:
            break
    return value.strip(" \t\r")


def _is_loose(value: str, mark: str) -> bool:
    """Tell whether the mark at the end has no partner within the value."""
    opening = _CLOSES.get(mark)
    return value.count(mark) > value.count(opening) if opening else value.count(mark) % 2 == 1
