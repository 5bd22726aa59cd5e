"""Reads PDFs page by page; pages without text, such as scans, as pictures."""

from pathlib import Path

import pypdfium2

from files.extraction.content import (
    MAX_PAGES,
    MAX_RENDERED_PAGES,
    PICTURE_SIDE,
    Collector,
    Extract,
    ExtractionError,
    FileKind,
    Picture,
)

_LEAST_CHARS = 20
"""A page with fewer is taken for a picture, such as a scan."""


def read_pdf(path: Path, pictures_to: Path) -> Extract:
    """Return the text of each page. Raises ExtractionError for a protected or damaged file."""
    try:
        document = pypdfium2.PdfDocument(path)
        count = len(document)
    except pypdfium2.PdfiumError as error:
        if "password" in str(error).casefold():
            raise ExtractionError(
                "The PDF is protected by a password. Remove the password, and attach it again."
            ) from error
        raise ExtractionError(
            "The PDF is damaged and cannot be opened. Save it again, and attach that."
        ) from error
    found, scans = Collector(), []
    for number in range(min(count, MAX_PAGES)):
        page = document[number]
        text = page.get_textpage().get_text_bounded()
        if len(text.strip()) < _LEAST_CHARS:
            scans.append(number)
        found.add(f"page {number + 1}", text)
        page.close()
        if found.is_full:
            break
    pictures = tuple(
        _rendered(document[number], number, pictures_to) for number in scans[:MAX_RENDERED_PAGES]
    )
    return Extract(FileKind.PDF, tuple(found.pages), pictures, count, _notes(count, len(scans), number + 1))


def _rendered(page: "pypdfium2.PdfPage", number: int, pictures_to: Path) -> Picture:
    width, height = page.get_size()
    image = page.render(scale=min(PICTURE_SIDE / max(width, height, 1.0), 4.0)).to_pil().convert("RGB")
    name = f"{number + 1}.jpg"
    image.save(pictures_to / name, "JPEG", quality=85)
    return Picture(f"page {number + 1}", name, *image.size)


def _notes(count: int, scans: int, read: int) -> tuple[str, ...]:
    notes = []
    if read < count:
        notes.append(f"Only the first {read} of {count} pages are read.")
    if scans:
        shown = min(scans, MAX_RENDERED_PAGES)
        notes.append(
            f"{scans} of {count} pages have no text, such as scans; "
            f"{'they are' if shown == scans else f'the first {shown} are'} shown as pictures."
        )
    return tuple(notes)
