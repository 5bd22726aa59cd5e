"""Gives lists, tables and ordinal words one shape each, so that their wording alone does not tell answers apart."""

import re

_BULLET = re.compile(r"^[ \t]*[-*•‣◦][ \t]+(?=\S)")
_NUMBERED = re.compile(r"^[ \t]*\(?([0-9]{1,3})[.):][ \t]+(?=\S)")
_RULE = re.compile(r"\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?")
_LAST_AND = re.compile(r",? (?:and|&) (?=[^,;]{1,60}$)")
_MAX_MEMBER_WORDS = 4
_ENDINGS = {1: "st", 2: "nd", 3: "rd"}
_ORDINAL_WORDS = (
    "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth", "eleventh",
    "twelfth",
)  # fmt: skip
_ORDINAL = {word: f"{place}{_ENDINGS.get(place, 'th')}" for place, word in enumerate(_ORDINAL_WORDS, start=1)}


def plain_lines(text: str) -> str:
    """Return lines with one sign for bullets, one for numbers, and tables without filling; others as they are."""
    lines = [line.rstrip() for line in text.splitlines()]
    said = [line for line in lines if line.strip()]
    if all(line.lstrip().startswith("|") and line.endswith("|") for line in said):
        return "\n".join(_row(line) for line in said)
    for item, sign in ((_BULLET, "- "), (_NUMBERED, r"\1. ")):
        if all(item.match(line) for line in said):
            return "\n".join(item.sub(sign, line, count=1) for line in said)
    return "\n".join(lines)


def plain_sequence(text: str) -> str:
    """Return `red, green, blue` of `red, green, and blue`: three members or more, of a few words each."""
    if "," not in text:
        return text
    listed = _LAST_AND.sub(", ", text, count=1)
    members = listed.split(", ")
    is_list = (
        listed != text
        and len(members) > 2
        and all(len(each.split()) <= _MAX_MEMBER_WORDS for each in members)
    )
    return listed if is_list else text


def plain_ordinal(text: str) -> str:
    """Return `1st` of `first`."""
    return _ORDINAL.get(text.casefold(), text)


def _row(line: str) -> str:
    plain = line.strip()
    if _RULE.fullmatch(plain):
        return f"|{'---|' * (plain.count('|') - 1)}"
    return "|".join(cell.strip() for cell in plain.split("|"))
