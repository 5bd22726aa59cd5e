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
    found, notes = Collector(), []
    try:
        read = add_rows(found, csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    except csv.Error as error:
        raise ExtractionError(
            f"The table cannot be read ({error}). Save it again as CSV, or attach it as .xlsx."
        ) from error
    if found.is_full:
        notes.append(f"Only the first {read:,} rows are read.")
    return Extract(FileKind.TABLE, tuple(found.pages), notes=tuple(notes))


def add_rows(found: Collector, rows: Iterable[Sequence[Any]], place: str = "") -> int:
    """Add rows in pages until nothing more is taken; return how many rows were read. The first row names the columns."""
    header, portion, count, since = "", list[str](), 0, 1
    for row in rows:
        line = _line(row)
        if not line:
            continue
        count += 1
        if count == 1:
            header = line
            continue
        since = since if portion else count
        portion.append(line)
        if len(portion) == _ROWS_PER_PAGE:
            found.add(f"{place}rows {since}–{count}", "\n".join([header, *portion]))
            portion = []
            if found.is_full:
                return count
    if portion or count == 1:
        where = f"rows {since}–{count}" if portion else "row 1"
        found.add(f"{place}{where}", "\n".join([header, *portion]))
    return count


def _line(row: Sequence[Any]) -> str:
    cells = ["" if cell is None else str(cell)[:_MOST_CELL_CHARS].strip() for cell in row[:_MOST_COLUMNS]]
    while cells and not cells[-1]:
        cells.pop()
    if not cells:
        return ""
    written = io.StringIO()
    csv.writer(written, lineterminator="").writerow(cells)
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
