"""Finds the program in a model's reply, whatever surrounds it. Linear in the reply's length; never raises."""

import re
import textwrap
from collections.abc import Sequence

from solver.text.extract import said_aloud
from solver.text.fences import CodeBlock, fenced_blocks

MAX_CODE_CHARS = 50_000
_PYTHON = frozenset({"", "py", "python", "python3", "python2", "py3", "pycon"})
_QUOTED_FENCE = re.compile(r"^> ?(?:`{3}|~{3})", re.MULTILINE)
_QUOTE = re.compile(r"^>(?!>) ?", re.MULTILINE)
_PROMPT = re.compile(r"(?:>>>|\.\.\.)(?: |$)")
_INVISIBLE = re.compile(r"^[ \t]*[\u00a0\u200b\ufeff][ \t\u00a0\u200b\ufeff]*", re.MULTILINE)
_SIGHT = {0x00A0: " ", 0x200B: None, 0xFEFF: None}
_PROSE = re.compile(
    r"^(?:[A-Z][a-z]+|I)(?:,? [\w’'`()-]+){2,}.{0,2000}[.:!?]$|^Answer:|\"{3}|'{3}", re.MULTILINE
)
_DEFINED = re.compile(
    r"^(?:async[ \t]+def|def|class)[ \t]+(\w+)|^(\w+)[ \t]*(?::[^=\n]{1,100})?=(?!=)", re.MULTILINE
)
_PROVIDED = re.compile(
    r"^(?:(?:async[ \t]+)?def|class)[ \t]+(\w+)|^(?:from[ \t]+[\w.]+[ \t]+)?import[ \t]+([\w \t.,()*]+)",
    re.MULTILINE,
)
_STARTS = re.compile(
    r"^(?:from[ \t]+[\w.]+[ \t]+import|import[ \t]+\w|def[ \t]+\w+[ \t]*\(|class[ \t]+\w+|@\w)", re.MULTILINE
)


def code_blocks(reply: str) -> list[CodeBlock]:
    """Return the fenced blocks of a reply, thinking left out; the last one may lack its end."""
    said = said_aloud(reply)
    return list(fenced_blocks(_QUOTE.sub("", said) if _QUOTED_FENCE.search(said) else said))


def program_in(reply: str, wanted: Sequence[str] = ()) -> str | None:
    """Return the Python program of a reply, or None where it has none.

    Of several blocks the last one that defines every wanted name counts, with those that bring what it lacks; where none
    does, all of them together. A reply without a fence counts from its first line that begins a program.
    """
    fenced = (block.code for block in code_blocks(reply) if block.language in _PYTHON)
    blocks = [code for code in map(_plain, fenced) if code.strip()]
    whole = [code for code in blocks if set(wanted) <= defined_names(code)] if wanted else []
    if whole:
        found = _with_what_it_lacks(whole[-1], blocks)
    elif blocks:
        found = "\n\n".join(blocks)
    else:
        text = _plain(said_aloud(reply))
        begins = _STARTS.search(text)
        found = _before_prose(text[begins.start() :]) if begins else ""
    found = found.strip("\n")
    return found if found.strip() and len(found) <= MAX_CODE_CHARS else None


def _plain(code: str) -> str:
    """Return code as Python reads it: without a console's prompts, common indentation, and signs that nobody sees."""
    visible = _INVISIBLE.sub(lambda found: found[0].translate(_SIGHT), code)
    if visible.startswith(">>> "):
        visible = "\n".join(line[4:] for line in visible.splitlines() if _PROMPT.match(line))
    return textwrap.dedent(visible)


def _before_prose(program: str) -> str:
    """Return what stands before the first sentence that is no part of a text of the program."""
    is_inside = False
    for found in _PROSE.finditer(program):
        if found[0][0] in "\"'":
            is_inside = not is_inside
        elif not is_inside:
            return program[: found.start()]
    return program


def _with_what_it_lacks(program: str, blocks: Sequence[str]) -> str:
    """Return a program behind the blocks whose functions, classes or imports it uses and does not bring itself."""
    used, has, before = set(re.findall(r"\w+", program)), _provided_by(program), []
    for block in blocks:
        if block != program and (brought := (_provided_by(block) - has) & used):
            before.append(block)
            has |= brought
    return "\n\n".join([*before, program])


def _provided_by(code: str) -> set[str]:
    """Return the functions, classes and imports of a block at its top level."""
    names: set[str] = set()
    for found in _PROVIDED.finditer(code):
        names.add(found[1] or "")
        for part in (found[2] or "").strip("() \t").split(","):
            names.add(part.rpartition(" as ")[2].strip().partition(".")[0])
    return names - {"", "*"}


def functions_in(reply: str) -> set[str]:
    """Return the functions and classes that the program of a reply may define at its top level, whichever block it is."""
    codes = [block.code for block in code_blocks(reply)] or [said_aloud(reply)]
    return {found[1] for code in codes for found in _PROVIDED.finditer(code) if found[1]}


def language_of(code: str, reply: str) -> str:
    """Return the language that a reply names for the block that holds a program or data; else what it looks like."""
    wanted = code.strip()
    for block in code_blocks(reply):
        if block.language and wanted and (wanted in block.code or block.code.strip() in wanted):
            return block.language
    if wanted.startswith(("{", "[")):
        return "json"
    return "python" if _STARTS.search(code) else ""


def defined_names(code: str) -> set[str]:
    """Return the names that a program defines at its top level, as far as its lines tell."""
    return {found[1] or found[2] for found in _DEFINED.finditer(code)}
