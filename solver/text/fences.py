"""Fenced blocks of Markdown: ``` or ~~~, as models write them. Linear in the text's length; never raises."""

import re
from collections.abc import Iterator
from typing import NamedTuple

# Possessive quantifiers: a line that turns out to be none is read once.
FENCE = re.compile(r"^([ \t]{0,12}+)(`{3,}+|~{3,}+)[ \t]*+((?:\w[\w+#.-]{0,19})?)[^\n`]*+$", re.MULTILINE)
_MAX_DEEPER = 3
"""So many spaces the end of a block may be indented beyond its beginning, by CommonMark."""


class CodeBlock(NamedTuple):
    """A fenced block: the language that it names, in lower case, and its code without its common indentation."""

    language: str
    code: str


class FencedSpan(NamedTuple):
    """Where the code of a fenced block stands: behind the line that opens it, before the one that closes it."""

    opening: re.Match[str]
    end: int


def fenced_spans(text: str) -> Iterator[FencedSpan]:
    """Yield where the fenced blocks of a text stand; the last one may lack its end."""
    opened = None
    for fence in FENCE.finditer(text):
        if opened is None:
            opened = fence
        elif _closes(fence, opened):
            yield FencedSpan(opened, fence.start())
            opened = None
    if opened is not None:
        yield FencedSpan(opened, len(text))


def fenced_blocks(text: str) -> Iterator[CodeBlock]:
    """Yield the fenced blocks of a text; the last one may lack its end."""
    for opening, end in fenced_spans(text):
        yield _block(opening, text[opening.end() : end])


def _closes(fence: re.Match[str], opened: re.Match[str]) -> bool:
    # One that is indented further stands in a text of the code, such as an example in a docstring.
    is_deeper = len(fence[1].expandtabs()) > len(opened[1].expandtabs()) + _MAX_DEEPER
    is_alike = fence[2][0] == opened[2][0] and len(fence[2]) >= len(opened[2])
    return is_alike and not fence[3] and not is_deeper


def in_fence(code: str, language: str = "") -> str:
    """Return code as a fenced block that it cannot close."""
    longest = max((len(run) for run in re.findall(r"`{3,}", code)), default=2)
    fence = "`" * (longest + 1)
    return f"{fence}{language}\n{code}\n{fence}"


def _block(opening: re.Match[str], body: str) -> CodeBlock:
    indentation = opening[1]
    lines = body.removeprefix("\n").split("\n")
    return CodeBlock(
        opening[3].casefold(), "\n".join(line.removeprefix(indentation) for line in lines).rstrip()
    )
