"""Takes data apart into its fields: `/name`, `/rows/Bern/population`; rows of tables are known by what names them.

A row is known by the value of a column that tells the rows of every reply apart (or two columns together), for no two
replies need to put them in the same order. Where no column does, it is known by its place.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from itertools import combinations
from typing import Any

from solver.text.keys import quick_key

MAX_FIELDS = 400
_MAX_KEY_CHARS = 120
_MAX_EXPONENT = 100
_COLUMNS_TRIED = 6
_VALUES = ("num:", "pct:", "date:", "time:")
_CODE = re.compile(r"[-+]?0[0-9]")


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a table in a path: known by `key`, called `label`."""

    key: str
    label: str = field(compare=False)


Path = tuple[str | Row, ...]
Columns = Mapping[tuple[str, ...], tuple[str, ...]]
"""By the path of a table, without its rows: the columns that its rows are known by; none: by their place."""


def columns_of(values: Sequence[Any]) -> Columns:
    """Return by which columns the rows of each table of some replies are known."""
    tables: dict[tuple[str, ...], list[list[dict[str, Any]]]] = {}
    for value in values:
        _collect(value, (), tables)
    return {place: _columns(found) for place, found in tables.items()}


def leaves_of(value: Any, columns: Columns) -> dict[Path, Any]:
    """Return the fields of one value, by their path, at most MAX_FIELDS of them."""
    found: dict[Path, Any] = {}
    for path, leaf in _leaves(value, (), (), columns):
        if len(found) >= MAX_FIELDS:
            break
        found[path] = leaf
    return found


def replaced(value: Any, by: Mapping[Path, Any], columns: Columns) -> Any:
    """Return a value with some of its fields replaced."""
    return _replaced(value, (), (), by, columns)


def path_words(path: Path) -> str:
    """Return how a field is called: `address › city`, `Bern › population`."""
    return " › ".join(part.label if isinstance(part, Row) else part for part in path) or "the value"


def leaf_key(leaf: Any) -> str:
    """Return the key by which equal fields are known: numbers by value, dates by day, texts whatever their capitals."""
    match leaf:
        case bool():
            return f"bool:{leaf}"
        case None:
            return "null:"
        case int() | Decimal():
            return _number(leaf)
        case str():
            return _text(leaf)
        case list():
            return _short("list:" + ",".join(map(leaf_key, leaf)))
    return "empty:"


def is_leaf(value: Any) -> bool:
    """Tell whether a value is one field: no object, and no table. A list of plain values is one."""
    if isinstance(value, dict):
        return not value
    return not isinstance(value, list) or not any(isinstance(each, dict | list) for each in value)


# Walking ------------------------------------------------------------------------------------------------------


def _inner(
    value: Any, place: tuple[str, ...], columns: Columns
) -> Iterator[tuple[str | Row, tuple[str, ...], Any]]:
    """Yield what a value holds: the part of its path, its place without rows, and itself."""
    if isinstance(value, dict):
        for name, each in value.items():
            yield name, (*place, name), each
        return
    seen: Counter[str] = Counter()
    for number, each in enumerate(value, start=1):
        yield _row(each, number, columns.get(place, ()), seen), (*place, "*"), each


def _leaves(value: Any, path: Path, place: tuple[str, ...], columns: Columns) -> Iterator[tuple[Path, Any]]:
    if is_leaf(value):
        yield path, value
        return
    for part, inner, each in _inner(value, place, columns):
        yield from _leaves(each, (*path, part), inner, columns)


def _replaced(
    value: Any, path: Path, place: tuple[str, ...], by: Mapping[Path, Any], columns: Columns
) -> Any:
    if is_leaf(value):
        return by.get(path, value)
    made = [
        (part, _replaced(each, (*path, part), inner, by, columns))
        for part, inner, each in _inner(value, place, columns)
    ]
    return dict(made) if isinstance(value, dict) else [each for _, each in made]


def _row(row: Any, number: int, columns: Sequence[str], seen: Counter[str]) -> Row:
    """Return how a row is known; one that says the same as an earlier one by how many there were."""
    if not columns or not isinstance(row, dict) or any(name not in row for name in columns):
        return Row(f"#{number}", f"row {number}")
    key = "/".join(leaf_key(row[name]) for name in columns)
    seen[key] += 1
    label = ", ".join(str(row[name]) for name in columns)
    return Row(key, label) if seen[key] == 1 else Row(f"{key}#{seen[key]}", f"{label} ({seen[key]})")


# Columns ------------------------------------------------------------------------------------------------------


def _collect(
    value: Any, place: tuple[str, ...], tables: dict[tuple[str, ...], list[list[dict[str, Any]]]]
) -> None:
    if is_leaf(value):
        return
    if isinstance(value, list) and all(isinstance(each, dict) for each in value):
        tables.setdefault(place, []).append(value)
    inner = value.items() if isinstance(value, dict) else (("*", each) for each in value)
    for name, each in inner:
        _collect(each, (*place, name), tables)


def _columns(tables: Sequence[Sequence[Mapping[str, Any]]]) -> tuple[str, ...]:
    """Return the columns that tell the rows of each table apart and that most rows of different replies share."""
    rows = [row for table in tables for row in table]
    names = [
        name for name in rows[0] if all(name in row and isinstance(row[name], str | int) for row in rows)
    ][:_COLUMNS_TRIED]
    best: tuple[str, ...] = ()
    most = 0.0
    for count in (1, 2):
        for chosen in combinations(names, count):
            share = _shared(tables, chosen)
            # A column further left wins a tie, one column wins over two.
            if share > most:
                best, most = chosen, share
        if best:
            return best
    return best


def _shared(tables: Sequence[Sequence[Mapping[str, Any]]], chosen: Sequence[str]) -> float:
    """Return which share of all rows is known to most tables, 0 where two rows of one table are not told apart."""
    keys: list[set[tuple[str, ...]]] = []
    for table in tables:
        found = {tuple(leaf_key(row[name]) for name in chosen) for row in table}
        if len(found) < len(table):
            return 0.0
        keys.append(found)
    tables_with = Counter(key for found in keys for key in found)
    shared = sum(count for count in tables_with.values() if 2 * count > len(tables))
    return shared / max(sum(tables_with.values()), 1)


# Keys ---------------------------------------------------------------------------------------------------------


def _number(number: int | Decimal) -> str:
    if isinstance(number, int) and number.bit_length() < _MAX_EXPONENT:
        return f"num:{number}"
    exact = Decimal(number)
    if not exact:
        return "num:0"
    if abs(exact.adjusted()) > _MAX_EXPONENT or len(exact.as_tuple().digits) > _MAX_EXPONENT:
        return _short(f"num:{exact.normalize()}")
    return _short(f"num:{Fraction(exact)}")


@lru_cache(maxsize=16_384)
def _text(text: str) -> str:
    plain = " ".join(text.split())
    # A code that begins with nought is no number: `0041`, `01234`.
    key = None if _CODE.match(plain) else quick_key(plain)
    return _short(key if key and key.startswith(_VALUES) else f"text:{plain.casefold()}")


def _short(key: str) -> str:
    if len(key) <= _MAX_KEY_CHARS:
        return key
    return f"{key[:_MAX_KEY_CHARS]}#{hashlib.sha256(key.encode('utf-8', 'replace')).hexdigest()[:16]}"
