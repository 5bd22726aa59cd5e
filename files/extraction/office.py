"""Reads Word documents, presentations and spreadsheets; macros are neither read nor run."""

import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from docx.opc.part import PartFactory
from docx.package import Package
from docx.parts.document import DocumentPart
from docx.table import Table
from docx.text.paragraph import Paragraph
from openpyxl import load_workbook
from openpyxl.worksheet._read_only import ReadOnlyWorksheet
from pptx import Presentation

from files.extraction.content import Collector, Extract, FileKind
from files.extraction.plain import add_rows

_HEADING = "Heading"
_WHERE_CHARS = 60
_MORE_WORD_TYPES = (
    "application/vnd.ms-word.document.macroEnabled.main+xml",
    "application/vnd.ms-word.template.macroEnabledTemplate.main+xml",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.template.main+xml",
)
"""Documents with macros, and templates: the same text, which the library does not take for a document."""
PartFactory.part_type_for.update(dict.fromkeys(_MORE_WORD_TYPES, DocumentPart))


def read_word(path: Path) -> Extract:
    """Return a Word document by its headings."""
    main = Package.open(str(path)).main_document_part
    document, found = main.document, Collector()
    where, lines, styles = "", list[str](), dict[str | None, str]()
    for block in document.iter_inner_content():
        if isinstance(block, Table):
            lines.extend(" | ".join(cell.text.strip() for cell in row.cells) for row in block.rows)
            continue
        if _style_of(block, styles).startswith(_HEADING) and block.text.strip():
            found.add(where, "\n".join(lines))
            where, lines = f"section “{block.text.strip()[:_WHERE_CHARS]}”", []
        lines.append(block.text)
        if found.is_full:
            break
    found.add(where, "\n".join(lines))
    return Extract(FileKind.WORD, tuple(found.pages), notes=_macro_note(path, "word/vbaProject.bin"))


def _style_of(block: Paragraph, known: dict[str | None, str]) -> str:
    """Return the name of a paragraph's style: looked up once, for a look-up goes through all styles of the document."""
    style_id = block._p.style  # noqa: SLF001  (what names the style goes through them all)
    if style_id not in known:
        known[style_id] = (block.style.name if block.style else "") or ""
    return known[style_id]


def read_slides(path: Path) -> Extract:
    """Return a presentation slide by slide, with the speaker's notes."""
    slides, found = Presentation(str(path)).slides, Collector()
    for number, slide in enumerate(slides, start=1):
        lines = [line for shape in slide.shapes for line in _lines_of(shape)]
        if slide.has_notes_slide and slide.notes_slide.notes_text_frame is not None:
            lines += [f"Notes: {text}" for text in [slide.notes_slide.notes_text_frame.text.strip()] if text]
        found.add(f"slide {number}", "\n".join(lines))
    notes = _macro_note(path, "ppt/vbaProject.bin")
    return Extract(FileKind.SLIDES, tuple(found.pages), page_count=len(slides), notes=notes)


def _lines_of(shape: object) -> Iterator[str]:
    if getattr(shape, "has_text_frame", False):
        yield shape.text_frame.text.strip()  # type: ignore[attr-defined]  # as has_text_frame says
    if getattr(shape, "has_table", False):
        for row in shape.table.rows:  # type: ignore[attr-defined]  # as has_table says
            yield " | ".join(cell.text.strip() for cell in row.cells)
    for inner in getattr(shape, "shapes", ()):
        yield from _lines_of(inner)


def read_sheets(path: Path) -> Extract:
    """Return a spreadsheet sheet by sheet, in pages of rows; formulas by the values that they were saved with."""
    with path.open("rb") as file:  # by its name openpyxl would judge it
        return _read_book(file, list(_macro_note(path, "xl/vbaProject.bin")))


def _unmeasured(_sheet: ReadOnlyWorksheet) -> None:
    """Leave a sheet without its dimensions: to find them where the file tells none all of it would be read twice."""


ReadOnlyWorksheet._get_size = _unmeasured  # noqa: SLF001  (there is no other way, and this process is ours)


def _read_book(file: IO[bytes], notes: list[str]) -> Extract:
    book = load_workbook(file, read_only=True, data_only=True, keep_links=False)
    found = Collector()
    for sheet in book.worksheets:
        if found.is_full:
            notes.append(f"Sheet “{sheet.title[:_WHERE_CHARS]}” is not read any more.")
            continue
        notes += add_rows(found, sheet.iter_rows(values_only=True), sheet.title[:_WHERE_CHARS])
    return Extract(FileKind.SHEETS, tuple(found.pages), page_count=len(book.worksheets), notes=tuple(notes))


def _macro_note(path: Path, part: str) -> tuple[str, ...]:
    with zipfile.ZipFile(path) as archive:
        has_macros = part in archive.namelist()
    return ("Its macros are neither read nor run.",) if has_macros else ()
