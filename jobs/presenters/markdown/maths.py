r"""Maths between `\( … \)` and `\[ … \]`, which models write as often as dollars. It stays text; KaTeX sets it."""

import html
import re
from bisect import bisect_left
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token

# The page's KaTeX sets nothing that is longer.
MAX_MATHS_CHARACTERS = 5_000
_MAX_MATHS_LINES = 60
_RULES = ("math_inline", "math_inline_double", "math_block", "bracket_math", "bracket_math_block")


def bracket_math_plugin(parser: MarkdownIt) -> None:
    """Add the two spellings, and one look for all maths."""
    parser.inline.ruler.before("escape", "bracket_math", _bracket_inline)
    parser.block.ruler.before(
        "fence", "bracket_math_block", _bracket_block, {"alt": ["paragraph", "blockquote", "list"]}
    )
    for name in _RULES:
        parser.add_render_rule(name, _math)


@lru_cache(maxsize=8)
def _places(text: str, mark: str) -> list[int]:
    """Return where a mark stands. Looking from each opener anew would cost the square of a text's length."""
    return [found.start() for found in re.finditer(re.escape(mark), text)]


def _closer(text: str, mark: str, opener: int, end: int) -> int | None:
    """Return the first place of `mark` behind an opener, or None where it is too far away or beyond `end`."""
    places = _places(text, mark)
    next_one = bisect_left(places, opener + 2)
    if next_one == len(places) or places[next_one] + 2 > min(end, opener + MAX_MATHS_CHARACTERS):
        return None
    return places[next_one]


def _math(_self: Any, tokens: Sequence[Token], index: int, _options: Any, _env: Any) -> str:
    token = tokens[index]
    text = html.escape(token.content.strip())
    if token.type in {"math_block", "bracket_math_block"}:
        return f'<div class="math block" tabindex="0">{text}</div>\n'
    display = token.type == "math_inline_double" or token.markup == r"\["
    return f'<span class="math {"block" if display else "inline"}">{text}</span>'


def _bracket_inline(state: StateInline, silent: bool) -> bool:  # noqa: FBT001  (markdown-it's signature)
    """Take maths inside a paragraph."""
    opener = state.src[state.pos : state.pos + 2]
    if opener not in {r"\(", r"\["}:
        return False
    end = _closer(state.src, r"\)" if opener == r"\(" else r"\]", state.pos, state.posMax)
    if end is None:
        return False
    if not silent:
        token = state.push("bracket_math", "", 0)
        token.content, token.markup = state.src[state.pos + 2 : end], opener
    state.pos = end + 2
    return True


def _bracket_block(state: StateBlock, start: int, end: int, silent: bool) -> bool:  # noqa: FBT001
    r"""Take lines from one that begins with `\[` to one that ends with `\]` as displayed maths."""
    opener = state.bMarks[start] + state.tShift[start]
    if not state.src.startswith(r"\[", opener) or state.is_code_block(start):
        return False
    closer = _closer(state.src, r"\]", opener, len(state.src))
    if closer is None:
        return False
    for line in range(start, min(end, start + _MAX_MATHS_LINES)):
        if not state.src[state.bMarks[line] : state.eMarks[line]].strip():
            return False
        if closer < state.eMarks[line]:
            break
    else:
        return False
    if state.src[closer + 2 : state.eMarks[line]].strip():
        return False
    if not silent:
        token = state.push("bracket_math_block", "", 0)
        token.content = state.getLines(start, line + 1, 0, False).strip()[2:-2]
        token.block, token.map = True, [start, line + 1]
        state.line = line + 1
    return True
