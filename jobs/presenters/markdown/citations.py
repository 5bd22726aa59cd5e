"""Citations of passages: `[3]` in an answer leads to the third passage that models were told; of none it is left out."""

import re
from collections.abc import Iterator, Sequence

from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token

from solver.text.citations import BRACKETED, UNSPACED, numbers_in, without_invented

_CITED = re.compile(rf"(?:(?<![^\W{UNSPACED}])(?=\[)|(?=【)){BRACKETED}(?!\()")
_NUMBERS = re.compile(r"([0-9]+)")
_CONTEXT_CHARS = 40
ANCHOR = "passage-"
"""How the page calls the place of a passage, before its number."""
CITES = "cites"
"""Where a link keeps the numbers that it stands for: a range leads to its ends."""


def citation_plugin(parser: MarkdownIt) -> None:
    """Link citations in running text, never in code, formulas or links; `env["citations"]` says how many there may be."""
    parser.core.ruler.push("citations", _cite)


def _cite(state: StateCore) -> None:
    most = int(state.env.get("citations", 0))
    for token in state.tokens if most else ():
        if token.type == "inline" and token.children:
            token.children = list(_cited(token.children, most))


def _cited(children: Sequence[Token], most: int) -> Iterator[Token]:
    links, before = 0, ""
    for child in children:
        links += child.nesting if child.type in {"link_open", "link_close"} else 0
        if child.type != "text" or links:
            yield child
        else:
            yield from _linked(before, child.content, most)
        before = (before + child.content)[-_CONTEXT_CHARS:]


def _linked(before: str, content: str, most: int) -> Iterator[Token]:
    """Yield a piece of text with its citations linked; what cites nothing that was read is as the text has it."""
    kept = without_invented(before + content, most)
    # Where the brackets began before this piece, it has none of its own to lose.
    text = kept if kept.startswith(before) else before + content
    at = len(before)
    for part in _CITED.finditer(text, at):
        numbers = [number for number in numbers_in(part, text[: part.start()], most) if 0 < number <= most]
        if not numbers:
            continue
        if part.start() > at:
            yield _text(text[at : part.start()])
        yield from _links(part["members"] or part["lens"], numbers)
        at = part.end()
    if text[at:]:
        yield _text(text[at:])


def _links(written: str, numbers: Sequence[int]) -> Iterator[Token]:
    """Yield a group as it is written, each number in it a link; a number alone takes its brackets along."""
    if len(numbers) == 1:
        yield from _link(numbers[0], f"[{numbers[0]}]", numbers)
        return
    yield _text("[")
    for at, piece in enumerate(_NUMBERS.split(written.replace("^", ""))):
        if at % 2:
            yield from _link(int(piece), piece, numbers)
        elif piece:
            yield _text(piece)
    yield _text("]")


def _link(number: int, shown: str, numbers: Sequence[int]) -> Iterator[Token]:
    yield Token("link_open", "a", 1, attrs={"href": f"#{ANCHOR}{number}"}, meta={CITES: tuple(numbers)})
    yield _text(shown)
    yield Token("link_close", "a", -1)


def _text(content: str) -> Token:
    return Token("text", "", 0, content=content)
