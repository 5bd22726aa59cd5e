"""Citations of passages: `[3]` in an answer leads to the third passage that models were told; of none it is left out."""

import re
from collections.abc import Iterator, Sequence

from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token

from solver.text.citations import UNSPACED

_CITED = re.compile(rf"(?<![^\W{UNSPACED}])\[([0-9]{{1,4}})\](?!\()")
ANCHOR = "passage-"
"""How the page calls the place of a passage, before its number."""


def citation_plugin(parser: MarkdownIt) -> None:
    """Link citations in running text, never in code, formulas or links; `env["citations"]` says how many there may be."""
    parser.core.ruler.push("citations", _cite)


def _cite(state: StateCore) -> None:
    most = int(state.env.get("citations", 0))
    for token in state.tokens if most else ():
        if token.type == "inline" and token.children:
            token.children = list(_cited(token.children, most))


def _cited(children: Sequence[Token], most: int) -> Iterator[Token]:
    links = 0
    for child in children:
        links += child.nesting if child.type in {"link_open", "link_close"} else 0
        if child.type != "text" or links:
            yield child
            continue
        for at, part in enumerate(_CITED.split(child.content)):
            if at % 2 == 0:
                yield from [_text(part)] if part else []
            elif 0 < int(part) <= most:
                yield Token("link_open", "a", 1, attrs={"href": f"#{ANCHOR}{int(part)}"})
                yield _text(f"[{int(part)}]")
                yield Token("link_close", "a", -1)


def _text(content: str) -> Token:
    return Token("text", "", 0, content=content)
