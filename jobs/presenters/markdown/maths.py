r"""Maths as models write it: `\( … \)`, `\[ … \]`, environments, `\boxed{…}`. It stays text; KaTeX sets it."""

import html
import re
from bisect import bisect_left
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.rules_core import StateCore
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token

# The page's KaTeX sets nothing that is longer.
MAX_MATHS_CHARACTERS = 5_000
_MAX_MATHS_LINES = 60
_MAX_BOXED_CHARACTERS = 500
_RULES = ("math_inline", "math_inline_double", "math_block", "bracket_math", "bracket_math_block", "amsmath")
_DISPLAYED = {"math_block", "bracket_math_block", "amsmath"}
# `$HOME/$USER` is no maths: a name in capitals, and the next one begins at the second dollar.
_SHELL_VARIABLE = re.compile(r"\$[A-Z_][A-Z0-9_]+[/:.\-]?(?=\$[A-Za-z_{])")
_FENCE = re.compile(r"[ >]{0,12}(?:```|~~~)")
# A pipe between dollars ends no cell of a table.
_TABLE_ROW = re.compile(r" {0,3}(?:> ?){0,4}\|")
_MATHS_WITH_PIPE = re.compile(r"(?<![\\$])\$(?=[^\s$])(?=[^$|]*\|)[^$]{1,600}(?<=\S)\$(?![\w$])")


def bracket_math_plugin(parser: MarkdownIt) -> None:
    """Add the spellings, and one look for all maths."""
    parser.core.ruler.before("block", "pipes_in_maths", _escape_pipes)
    parser.inline.ruler.before("math_inline", "shell_variable", _shell_variable)
    parser.inline.ruler.before("escape", "bracket_math", _bracket_inline)
    parser.inline.ruler.before("escape", "boxed_math", _boxed_inline)
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
    if token.type in _DISPLAYED:
        return f'<div class="math block" tabindex="0">{text}</div>\n'
    display = token.type == "math_inline_double" or token.markup == r"\["
    return f'<span class="math {"block" if display else "inline"}">{text}</span>'


def _escape_pipes(state: StateCore) -> None:
    """Mark the pipes of maths in rows of tables, which a table would otherwise take for the ends of its cells."""
    if "$" not in state.src or "|" not in state.src:
        return
    lines, is_code = state.src.split("\n"), False
    for number, line in enumerate(lines):
        if _FENCE.match(line):
            is_code = not is_code
        elif not is_code and "$" in line and _TABLE_ROW.match(line):
            lines[number] = _MATHS_WITH_PIPE.sub(_with_escaped_pipes, line)
    state.src = "\n".join(lines)


def _with_escaped_pipes(maths: re.Match[str]) -> str:
    return re.sub(r"(?<!\\)\|", r"\\|", maths[0])


def _shell_variable(state: StateInline, silent: bool) -> bool:  # noqa: FBT001
    """Take the name of a variable before another one as the text that it is."""
    found = _SHELL_VARIABLE.match(state.src, state.pos, state.posMax)
    if found is None:
        return False
    if not silent:
        state.pending += found[0]
    state.pos = found.end()
    return True


def _boxed_inline(state: StateInline, silent: bool) -> bool:  # noqa: FBT001
    r"""Take `\boxed{…}` outside of dollars as maths."""
    if not state.src.startswith("\\boxed{", state.pos):
        return False
    depth = 0
    for end in range(state.pos + 6, min(state.posMax, state.pos + _MAX_BOXED_CHARACTERS)):
        depth += (state.src[end] == "{") - (state.src[end] == "}")
        if depth == 0:
            break
    else:
        return False
    if not silent:
        token = state.push("bracket_math", "", 0)
        token.content, token.markup = state.src[state.pos : end + 1], "boxed"
    state.pos = end + 1
    return True


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
    r"""Take lines from one that begins with `\[` to one that ends with `\]` as displayed maths, without empty ones."""
    opener = state.bMarks[start] + state.tShift[start]
    if not state.src.startswith(r"\[", opener) or state.is_code_block(start):
        return False
    closer = _closer(state.src, r"\]", opener, len(state.src))
    if closer is None:
        return False
    for line in range(start, min(end, start + _MAX_MATHS_LINES)):
        if closer < state.eMarks[line]:
            break
    else:
        return False
    if state.src[closer + 2 : state.eMarks[line]].strip():
        return False
    if not silent:
        token = state.push("bracket_math_block", "", 0)
        lines = state.getLines(start, line + 1, 0, False).strip()[2:-2].split("\n")
        token.content = "\n".join(one for one in lines if one.strip())
        token.block, token.map = True, [start, line + 1]
        state.line = line + 1
    return True
