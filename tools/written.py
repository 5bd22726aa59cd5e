"""What a program wrote beside what it printed: pictures and tables, taken out of its work directory within bounds.

A program reports them itself, after its output, behind a mark that is drawn for each run. What it reports is no more
than what it could have written: counted, measured and sniffed again here, and never believed.
"""

import base64
import binascii
import csv
import io
import json
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from solver.core.request import PictureRef
from solver.core.tools import Table

MOST_PICTURES = 4
MOST_TABLES = 4
MOST_BYTES = 2_000_000
"""Of all that one program wrote."""
REPORT_BYTES = MOST_BYTES * 4 // 3 + 100_000
"""What the report of so much takes, in base64."""
_PICTURES = (".png", ".jpg", ".jpeg", ".gif", ".bmp", ".webp", ".tif", ".tiff")
_TABLES = (".csv", ".tsv")
_MOST_NAME_CHARS = 80
_MOST_ROWS = 100
_MOST_COLUMNS = 20
_MOST_CELL_CHARS = 60
_MOST_TABLE_CHARS = 4_000

REPORT = f"""
def _report(mark, before, here):
    try:
        _tell(mark, before, here)
    except Exception:
        pass  # what it wrote beside its output is lost, and no more

def _tell(mark, before, here):
    import base64, json, os
    found, left = [], {MOST_BYTES}
    for folder, _, names in os.walk(here):
        for name in sorted(names)[:1000]:
            path = os.path.join(folder, name)
            if path in before or os.path.islink(path) or not name.lower().endswith({_PICTURES + _TABLES}):
                continue
            size = os.path.getsize(path)
            kept = size <= left and len(found) < {MOST_PICTURES + MOST_TABLES}
            left -= size if kept else 0
            content = base64.b64encode(open(path, "rb").read()).decode() if kept else None
            found.append([os.path.relpath(path, here), content])
    if found:
        said = ("\\n" + mark + json.dumps(found[:20]) + "\\n").encode()
        while said:
            said = said[os.write(1, said):]
"""
"""The source of what reports: files that were not there `before` the program, of the directory `here`."""


class NotKept(ValueError):
    """A picture that is not kept; the message says why."""


type Keep = Callable[[str, bytes], PictureRef]
"""Keeps a picture of this name with its job, made anew of its bytes. Blocks. Raises NotKept."""


def keeps_nothing(name: str, _: bytes) -> PictureRef:
    """Stand for a keeper where there is none."""
    raise NotKept(f"{name}: pictures are not kept here.")


class WrittenFile(NamedTuple):
    """A file that a program wrote; `content` is None where it was too large, or one too many."""

    name: str
    content: bytes | None


class Written(NamedTuple):
    """What came of a program's files: tables, pictures, and sentences for the model about either."""

    tables: tuple[Table, ...] = ()
    pictures: tuple[PictureRef, ...] = ()
    said: tuple[str, ...] = ()


def split_report(stdout: str, mark: str) -> tuple[str, list[WrittenFile]]:
    """Return what a program printed, and what it wrote."""
    before, _, report = stdout.rpartition(f"\n{mark}") if mark in stdout else (stdout, "", "")
    # A program that ends with words of its own says them last.
    report, _, after = report.partition("\n")
    printed = f"{before.removesuffix('\n')}\n{after}" if after else before
    try:
        found = json.loads(report) if report else []
    except ValueError:
        return printed, []
    return printed, [file for each in found[:20] if (file := _file(each))] if isinstance(found, list) else []


def _file(reported: Any) -> WrittenFile | None:
    match reported:
        case [str() as name, None]:
            return WrittenFile(name, None)
        case [str() as name, str() as content]:
            try:
                return WrittenFile(name, base64.b64decode(content, validate=True))
            except (binascii.Error, ValueError):
                return None
    return None


def take(files: Sequence[WrittenFile], keep: Keep) -> Written:
    """Read the tables and have the pictures kept, within bounds. Blocks."""
    tables, pictures, said = list[Table](), list[PictureRef](), list[str]()
    left, looked_at = MOST_BYTES, 0
    for file in files:
        name = " ".join(file.name.encode("utf-8", "replace").decode().split())[:_MOST_NAME_CHARS] or "file"
        is_table = name.lower().endswith(_TABLES)
        has_room = len(tables) < MOST_TABLES if is_table else looked_at < MOST_PICTURES
        if file.content is None or len(file.content) > left or not has_room:
            said.append(
                f"{name}: not taken; at most {MOST_PICTURES} pictures and {MOST_TABLES} tables of together "
                f"{MOST_BYTES // 1_000_000} MB are."
            )
            continue
        left -= len(file.content)
        if is_table:
            tables.append(read_table(name, file.content))
            continue
        looked_at += 1
        try:
            picture = keep(name, file.content)
        except NotKept as error:
            said.append(str(error))
            continue
        pictures.append(picture)
        said.append(f"{name}: a picture of {picture.width} × {picture.height} pixels, which the user sees.")
    return Written(tuple(tables), tuple(pictures), tuple(said))


def read_table(name: str, content: bytes) -> Table:
    """Return the beginning of a table: so many rows and columns, cells cut to what can be read."""
    text = content.decode("utf-8-sig", "replace").replace("\0", "")
    delimiter = "\t" if name.lower().endswith(".tsv") else _delimiter(text)
    rows, left, total = list[tuple[str, ...]](), _MOST_TABLE_CHARS, 0
    try:
        for row in csv.reader(io.StringIO(text), delimiter=delimiter):
            total += bool(row)
            cells = tuple(" ".join(cell.split())[:_MOST_CELL_CHARS] for cell in row[:_MOST_COLUMNS])
            left -= sum(len(cell) + 3 for cell in cells)
            if row and left >= 0 and len(rows) <= _MOST_ROWS:
                rows.append(cells)
    except csv.Error:
        pass  # what was read so far stays
    return Table(name, tuple(rows), total)


def _delimiter(text: str) -> str:
    first = text.partition("\n")[0]
    return max(",;\t", key=first.count)
