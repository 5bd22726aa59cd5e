"""Finds what a reply delivers where that is no short answer: a text and its conclusion, a program, data.

Time linear in the reply; nothing raises.
"""

import hashlib
import re
from typing import NamedTuple

from solver.core.problem.result_kind import ResultKind
from solver.text.code.code_blocks import code_blocks, program_in
from solver.text.data import data_in, data_key, read_data
from solver.text.extract import said_aloud

MAX_CONCLUSION_WORDS = 40
_TAIL_CHARS = 2_000
_CONCLUSION = re.compile(
    r"^[ \t>*_#]{0,8}conclusion[ *_]{0,4}[:\uff1a][ \t*_]{0,4}", re.IGNORECASE | re.MULTILINE
)
_RULE = re.compile(r"\n[ \t]{0,3}(?:-{3,20}|\*{3,20}|_{3,20})[ \t]*$")
_PROSE_FENCES = frozenset({"text", "txt", "output", "console", "bash", "sh", "shell", "diff"})


class Deliverable(NamedTuple):
    """What is delivered (None: nothing), and of a text what it comes to."""

    body: str | None
    conclusion: str | None = None


def deliverable_in(reply: str, result: ResultKind) -> Deliverable:
    """Return what a reply delivers, its thoughts left out. A short answer is found elsewhere: extract_answer."""
    if result is ResultKind.CODE:
        return Deliverable(_code_in(reply))
    if result is ResultKind.DATA:
        found = data_in(reply)
        return Deliverable(found.text if found else None)
    return _text_in(said_aloud(reply))


def deliverable_key(body: str, result: ResultKind) -> str | None:
    """Return the key by which equal programs or equal data are known; None for a text, which is its own."""
    if result is ResultKind.CODE:
        return f"code:{_digest(_plain_code(body))}"
    if result is ResultKind.DATA:
        found = read_data(body)
        return data_key(found.value) if found else None
    return None


def _text_in(said: str) -> Deliverable:
    text = said.strip()
    tail_at = max(0, len(text) - _TAIL_CHARS)
    claims = [*_CONCLUSION.finditer(text, tail_at)]
    if not claims:
        return Deliverable(text or None)
    found = claims[-1]
    line, _, after = text[found.end() :].partition("\n")
    words = line.strip(" \t*_").split()
    # A heading “Conclusion:” has its paragraphs below it; they belong to the text.
    if not words or after.strip():
        return Deliverable(text)
    body = _RULE.sub("", text[: found.start()].rstrip()).rstrip()
    conclusion = " ".join(words[:MAX_CONCLUSION_WORDS])
    # A reply of one line is both.
    return Deliverable(body or conclusion, conclusion)


def _code_in(reply: str) -> str | None:
    """Return the program: Python's blocks as they belong together, else the longest block of another language."""
    blocks = [block for block in code_blocks(reply) if block.code.strip()]
    foreign = [
        block for block in blocks if block.language not in {"", "py", "python", "python3"} | _PROSE_FENCES
    ]
    if foreign:
        return max(foreign, key=lambda block: len(block.code)).code
    return program_in(reply) or (max(blocks, key=lambda block: len(block.code)).code if blocks else None)


def _plain_code(code: str) -> str:
    """Return code without blank lines and lines that are comments."""
    lines = (line.rstrip() for line in code.split("\n"))
    return "\n".join(line for line in lines if line and not line.lstrip().startswith(("#", "//", "--")))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:32]
