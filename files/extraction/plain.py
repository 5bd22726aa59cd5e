"""Reads what is text: plain, Markdown, code, HTML, and tables of separated values."""

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from charset_normalizer import from_bytes
from inscriptis import get_text
from inscriptis.model.config import ParserConfig

from files.extraction.content import MAX_TEXT_CHARS, Collector, Extract, ExtractionError, FileKind

_GUESSED_FROM_BYTES = 200_000
_MOST_HTML_CHARS = 4_000_000
_ROWS_PER_PAGE = 50
_MOST_CELL_CHARS = 2_000
_MOST_COLUMNS = 500


def read_text(path: Path, kind: FileKind) -> Extract:
    """Return a text as it is, without a place: whoever cites it counts its lines."""
    text = decoded(path.read_bytes())
    found = Collector()
    found.add("", text)
    return Extract(kind, tuple(found.pages), notes=_cut_note(len(text.strip())))


def read_html(path: Path) -> Extract:
    """Return what a browser would show of a page, without its scripts and styles."""
    source = decoded(path.read_bytes())[:_MOST_HTML_CHARS]
    text = get_text(source, ParserConfig(display_links=False, display_images=False))
    found = Collector()
    found.add("", text)
    return Extract(FileKind.HTML, tuple(found.pages), notes=_cut_note(len(text)))


def read_table(path: Path) -> Extract:
    """Return a table in pages of rows, each with the names of the columns above."""
    text = decoded(path.read_bytes())
    first = text.split("\n", 1)[0]
    delimiter = max(",;\t|", key=first.count)
    csv.field_size_limit(MAX_TEXT_CHARS)
    found = Collector()
    try:
        notes = add_rows(found, csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    except csv.Error as error:
        raise ExtractionError(
            f"The table cannot be read ({error}). Save it again as CSV, or attach it as .xlsx."
        ) from error
    return Extract(FileKind.TABLE, tuple(found.pages), notes=tuple(notes))


def add_rows(found: Collector, rows: Iterable[Sequence[Any]], sheet: str = "") -> list[str]:
    """Add rows in pages until nothing more is taken; return notes about what is left out.

    The first row that is not empty names the columns. Rows are counted as a spreadsheet shows them, empty ones too.
    """
    place, header, portion = f"sheet “{sheet}”, " if sheet else "", "", list[str]()
    since, number, columns, longest = 0, 0, 0, 0
    for number, row in enumerate(rows, start=1):
        cells = _cells(row)
        if not cells:
            continue
        columns, longest = max(columns, len(cells)), max(longest, *map(len, cells))
        line = _line(cells)
        if not header:
            header, since = line, number
            continue
        since = since if portion else number
        portion.append(line)
        if len(portion) == _ROWS_PER_PAGE:
            found.add(f"{place}rows {since}–{number}", "\n".join([header, *portion]))
            portion.clear()
            if found.is_full:
                break
    if portion or (header and not found.pages):
        where = f"rows {since}–{number}" if portion else f"row {since}"
        found.add(f"{place}{where}", "\n".join([header, *portion]))
    only = f"Of sheet “{sheet}” only" if sheet else "Only"
    notes = {
        f"{only} the first {number:,} rows are read.": found.is_full,
        f"{only} the first {_MOST_COLUMNS} of {columns:,} columns are read.": columns > _MOST_COLUMNS,
        f"{only} the first {_MOST_CELL_CHARS:,} characters of a cell are read.": longest > _MOST_CELL_CHARS,
    }
    return [note for note, is_so in notes.items() if is_so]


def _cells(row: Sequence[Any]) -> list[str]:
    """Return a row's cells as texts, without the empty ones at its end."""
    cells = ["" if cell is None else str(cell).strip() for cell in row]
    while cells and not cells[-1]:
        cells.pop()
    return cells


def _line(cells: Sequence[str]) -> str:
    written = io.StringIO()
    csv.writer(written, lineterminator="").writerow(cell[:_MOST_CELL_CHARS] for cell in cells[:_MOST_COLUMNS])
    return written.getvalue()


def decoded(data: bytes) -> str:
    """Return text in whatever encoding it is. Raises ExtractionError for what is none."""
    for encoding in ("utf-8-sig", "utf-16") if data[:2] in {b"\xff\xfe", b"\xfe\xff"} else ("utf-8-sig",):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        return _checked(text)
    best = from_bytes(data[:_GUESSED_FROM_BYTES]).best()
    if best is None:
        raise ExtractionError("The text's encoding is unknown. Save it as UTF-8, and attach it again.")
    return _checked(data.decode(best.encoding, "replace"))


def _checked(text: str) -> str:
    if "\x00" in text:
        raise ExtractionError(
            "The file is called a text but holds binary data. Attach the file that it was made from."
        )
    return text.replace("\r\n", "\n")


def _cut_note(characters: int) -> tuple[str, ...]:
    if characters <= MAX_TEXT_CHARS:
        return ()
    return (f"Only the first {MAX_TEXT_CHARS:,} of {characters:,} characters are read.",)
