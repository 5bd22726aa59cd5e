"""Finds the program in a model's reply, whatever surrounds it. Linear in the reply's length; never raises."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from solver.text.extract import said_aloud

MAX_CODE_CHARS = 50_000
_FENCE = re.compile(r"^([ \t]{0,12})(`{3,}|~{3,})[ \t]*([\w+#.-]{0,20})[^\n`]*$", re.MULTILINE)
_PYTHON = frozenset({"", "py", "python", "python3", "python2", "py3"})
_DEFINED = re.compile(
    r"^(?:async[ \t]+def|def|class)[ \t]+(\w+)|^(\w+)[ \t]*(?::[^=\n]{1,100})?=(?!=)", re.MULTILINE
)
_STARTS = re.compile(
    r"^(?:from[ \t]+[\w.]+[ \t]+import|import[ \t]+\w|def[ \t]+\w+[ \t]*\(|class[ \t]+\w+|@\w)", re.MULTILINE
)


class CodeBlock(NamedTuple):
    """A fenced block: the language that it names, in lower case, and its code without its common indentation."""

    language: str
    code: str


def code_blocks(reply: str) -> list[CodeBlock]:
    """Return the fenced blocks of a reply, thinking left out; the last one may lack its end."""
    text, found, opened = said_aloud(reply), [], None
    for fence in _FENCE.finditer(text):
        if opened is None:
            opened = fence
        elif fence[2][0] == opened[2][0] and len(fence[2]) >= len(opened[2]) and not fence[3]:
            found.append(_block(opened, text[opened.end() : fence.start()]))
            opened = None
    if opened is not None:
        found.append(_block(opened, text[opened.end() :]))
    return found


def program_in(reply: str, wanted: Sequence[str] = ()) -> str | None:
    """Return the Python program of a reply, or None where it has none.

    Of several blocks the last one that defines every wanted name counts; where none does, all of them together. A reply
    without a fence counts from its first line that begins a program.
    """
    blocks = [block.code for block in code_blocks(reply) if block.language in _PYTHON and block.code.strip()]
    whole = [code for code in blocks if set(wanted) <= defined_names(code)] if wanted else []
    if whole:
        found = whole[-1]
    elif blocks:
        found = "\n\n".join(blocks)
    else:
        text = said_aloud(reply)
        begins = _STARTS.search(text)
        found = text[begins.start() :] if begins else ""
    found = found.strip("\n")
    return found if found.strip() and len(found) <= MAX_CODE_CHARS else None


def in_fence(code: str, language: str = "") -> str:
    """Return code as a fenced block that it cannot close."""
    longest = max((len(run) for run in re.findall(r"`{3,}", code)), default=2)
    fence = "`" * (longest + 1)
    return f"{fence}{language}\n{code}\n{fence}"


def defined_names(code: str) -> set[str]:
    """Return the names that a program defines at its top level, as far as its lines tell."""
    return {found[1] or found[2] for found in _DEFINED.finditer(code)}


def _block(opening: re.Match[str], body: str) -> CodeBlock:
    indentation = opening[1]
    lines = body.removeprefix("\n").split("\n")
    return CodeBlock(
        opening[3].casefold(), "\n".join(line.removeprefix(indentation) for line in lines).rstrip()
    )
