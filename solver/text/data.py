"""Reads data out of a model's reply: JSON, CSV or a Markdown table, fenced or bare. Linear, bounded; never raises.

Numbers are read exactly, so that `1.0` and `1` are one value and thirty digits stay thirty digits.
"""

import csv
import hashlib
import io
import json
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from solver.text.code.code_blocks import code_blocks
from solver.text.extract import said_aloud

MAX_DATA_CHARS = 50_000
MAX_DEPTH = 40
MAX_VALUES = 20_000
_MAX_BEGINNINGS = 20
_MAX_INTEGER_DIGITS = 300
_MAX_COLUMNS = 200
_JSON_LANGUAGES = frozenset({"", "json", "jsonc", "json5", "javascript", "js"})
_TABLE_LANGUAGES = frozenset({"", "csv", "tsv", "table", "markdown", "md", "text", "txt"})
_BEGINS = re.compile(r"^[^\n{\[]{0,200}(?=[{\[])", re.MULTILINE)
_RULE = re.compile(r"\|?(?:[ \t]*:?-{1,80}:?[ \t]*\|)+(?:[ \t]*:?-{1,80}:?)?")
_MAX_TABLES = 20
_PIPE = re.compile(r"(?<!\\)\|")
_EMPHASIS = re.compile(r"(\*{1,3}|_{1,2}|`)(?=\S)(.{1,1000})(?<=\S)\1", re.DOTALL)


class Data(NamedTuple):
    """A JSON value, its numbers `int` or `Decimal`; the text that it was read from; whether that is a table."""

    value: Any
    text: str
    is_table: bool = False


def data_in(reply: str) -> Data | None:
    """Return the data of a reply: the last fenced block that holds some, else what stands bare. None: it has none."""
    blocks = [block for block in code_blocks(reply) if block.code.strip()]
    for block in reversed(blocks):
        found = _json_data(block.code) if block.language in _JSON_LANGUAGES else None
        if found is None and block.language in _TABLE_LANGUAGES:
            found = _table_data(block.code, columns=1 if block.language in {"csv", "tsv"} else 2)
        if found is not None:
            return found
    said = said_aloud(reply)
    return _bare_json(said) or _markdown_data(said)


def read_data(text: str) -> Data | None:
    """Return the data of a text that is nothing else, as `data_in` found it. None: it is no JSON and no table."""
    return _json_data(text) or _table_data(text)


def canonical_json(value: Any) -> str:
    """Return data in the one spelling that equal data has: keys sorted, numbers by value, Unicode composed."""
    return json.dumps(_canonical(value), sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def data_key(value: Any) -> str:
    """Return the key by which equal data is known."""
    return f"data:{hashlib.sha256(canonical_json(value).encode('utf-8', 'replace')).hexdigest()[:32]}"


def pretty_data(value: Any, indent: str = "") -> str:
    """Return data as indented JSON, its numbers as they were written."""
    inner = f"{indent}  "
    match value:
        case dict() if value:
            parts = [f"{_json(name)}: {pretty_data(each, inner)}" for name, each in value.items()]
            return f"{{\n{inner}" + f",\n{inner}".join(parts) + f"\n{indent}}}"
        case list() if any(isinstance(each, dict | list) for each in value):
            parts = [pretty_data(each, inner) for each in value]
            return f"[\n{inner}" + f",\n{inner}".join(parts) + f"\n{indent}]"
        case list():
            return f"[{', '.join(pretty_data(each) for each in value)}]"
        case Decimal():
            return str(value)
    return _json(value)


def csv_text(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return the rows of a table as separated values below a line of names."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    lines = io.StringIO()
    writer = csv.writer(lines, lineterminator="\n")
    writer.writerow(names)
    writer.writerows([_cell(row.get(name)) for name in names] for row in rows)
    return lines.getvalue().rstrip("\n")


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else pretty_data(value)


def number_key(number: int | Decimal) -> str:
    """Return the one spelling of a number: `1` for 1, 1.0 and 1e0. Exact, and linear in its digits."""
    sign, digits, exponent = Decimal(number).as_tuple()
    written = "".join(map(str, digits)).lstrip("0")
    kept = written.rstrip("0")
    if not kept:
        return "0"
    assert isinstance(exponent, int), "NaN and infinity are not read"
    power = exponent + len(written) - len(kept)
    minus = "-" if sign else ""
    if 0 <= power <= _MAX_INTEGER_DIGITS:
        return f"{minus}{kept}{'0' * power}"
    return f"{minus}{kept}e{power}"


# Reading ------------------------------------------------------------------------------------------------------


def _json_data(text: str) -> Data | None:
    """Return a text that is JSON as a whole. A bare number or word is no data."""
    stripped = text.strip()
    if not stripped[:1] or stripped[0] not in "{[" or len(stripped) > MAX_DATA_CHARS:
        return None
    try:
        value = json.loads(stripped, parse_float=Decimal, parse_int=_integer, parse_constant=_refuse)
    except (ValueError, RecursionError, ArithmeticError):
        return None
    return Data(value, stripped) if _is_bounded(value) else None


def _bare_json(said: str) -> Data | None:
    """Return the longest JSON that begins with the first bracket of a line."""
    decoder = json.JSONDecoder(parse_float=Decimal, parse_int=_integer, parse_constant=_refuse)
    text, at = said[-MAX_DATA_CHARS:], 0
    found: Data | None = None
    for number, begins in enumerate(_BEGINS.finditer(text)):
        if number >= _MAX_BEGINNINGS:
            break
        if begins.end() < at:
            continue
        try:
            value, at = decoder.raw_decode(text, begins.end())
        except (ValueError, RecursionError, ArithmeticError):
            continue
        is_longest = found is None or at - begins.end() >= len(found.text)
        if value and is_longest and _is_bounded(value):
            found = Data(value, text[begins.end() : at])
    return found


def _table_data(text: str, *, columns: int = 1) -> Data | None:
    """Return a table in Markdown, or one of separated values that has so many columns at least."""
    found = _markdown_data(text) or _csv_data(text)
    return found if found and len(found.value[0]) >= columns else None


def _csv_data(text: str) -> Data | None:
    """Return a table of separated values with a line of names above; every line has as many values as there are names."""
    stripped = text.strip("\n\r ")
    if not stripped or len(stripped) > MAX_DATA_CHARS:
        return None
    head = stripped.split("\n", 1)[0]
    delimiter = max(",;\t", key=head.count)
    try:
        lines = [line for line in csv.reader(io.StringIO(stripped), delimiter=delimiter) if any(line)]
    except csv.Error:
        return None
    return _rows(lines, stripped)


def _markdown_data(text: str) -> Data | None:
    """Return the last table of a Markdown text."""
    lines = text[-MAX_DATA_CHARS:].split("\n")
    rules = [at for at in range(1, len(lines)) if "|" in lines[at - 1] and _RULE.fullmatch(lines[at].strip())]
    for at in reversed(rules[-_MAX_TABLES:]):
        end = at + 1
        while end < len(lines) and "|" in lines[end]:
            end += 1
        found = _rows(
            [_cells(line) for line in (lines[at - 1], *lines[at + 1 : end])], "\n".join(lines[at - 1 : end])
        )
        if found:
            return found
    return None


def _cells(line: str) -> list[str]:
    inside = line.strip().removeprefix("|")
    inside = inside[:-1] if inside.endswith("|") and not inside.endswith("\\|") else inside
    return [_plain(cell) for cell in _PIPE.split(inside)]


def _plain(cell: str) -> str:
    bare = cell.strip().replace("\\|", "|")
    emphasised = _EMPHASIS.fullmatch(bare)
    return emphasised[2] if emphasised else bare


def _rows(lines: list[list[str]], text: str) -> Data | None:
    """Return lines of cells as objects by the names in the first one."""
    if len(lines) < 2:
        return None
    names = [name.strip() for name in lines[0]]
    whole = len(names) <= _MAX_COLUMNS and all(names) and len(set(names)) == len(names)
    if not whole or any(len(line) != len(names) for line in lines):
        return None
    rows = [dict(zip(names, map(str.strip, line), strict=True)) for line in lines[1:]]
    return Data(rows, text, is_table=True) if _is_bounded(rows) else None


def _integer(text: str) -> int | Decimal:
    return int(text) if len(text) <= _MAX_INTEGER_DIGITS else Decimal(text)


def _refuse(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


def _is_bounded(value: Any) -> bool:
    """Tell whether a value is neither too deep nor too large to be walked through."""
    level, count = [value], 0
    for _ in range(MAX_DEPTH):
        count += len(level)
        level = [inner for each in level for inner in _inner(each)]
        if not level or count > MAX_VALUES:
            return not level and count <= MAX_VALUES
    return False


def _inner(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        yield from value.values()
    elif isinstance(value, list):
        yield from value


# Spelling -----------------------------------------------------------------------------------------------------


def _canonical(value: Any) -> Any:
    """Return a value with its numbers and texts as marked texts: a text may look like a number."""
    match value:
        case dict():
            return {_composed(name): _canonical(each) for name, each in value.items()}
        case list():
            return [_canonical(each) for each in value]
        case str():
            return f"text:{_composed(value)}"
        case bool() | None:
            return value
    return f"number:{number_key(value)}"


def _composed(text: str) -> str:
    return unicodedata.normalize("NFC", text.replace("\r\n", "\n"))


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
