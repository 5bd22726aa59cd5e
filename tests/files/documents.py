"""Files of every kind, as small as they can be, and some that no honest program writes."""

import io
import struct
import zipfile
import zlib
from collections.abc import Sequence
from typing import Any

import docx
import openpyxl
import pptx
from PIL import Image


def pdf(pages: Sequence[str], *, encrypted: bool = False) -> bytes:
    """Return a PDF with one line of text on each page."""
    objects = ["<</Type/Catalog/Pages 2 0 R>>", ""]
    kids = []
    for text in pages:
        number = len(objects) + 1
        stream = f"BT /F1 12 Tf 50 700 Td ({text}) Tj ET"
        kids.append(f"{number} 0 R")
        objects.append(
            f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents {number + 1} 0 R"
            "/Resources<</Font<</F1<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>>>>>"
        )
        objects.append(f"<</Length {len(stream)}>>stream\n{stream}\nendstream")
    objects[1] = f"<</Type/Pages/Count {len(pages)}/Kids[{' '.join(kids)}]>>"
    if encrypted:
        objects.append(f"<</Filter/Standard/V 1/R 2/P -4/O<{'41' * 32}>/U<{'42' * 32}>>>")
    body, offsets = "%PDF-1.4\n", []
    for number, content in enumerate(objects, start=1):
        offsets.append(len(body))
        body += f"{number} 0 obj\n{content}\nendobj\n"
    table = "".join(f"{offset:010} 00000 n \n" for offset in offsets)
    locked = f"/Encrypt {len(objects)} 0 R/ID[<00><00>]" if encrypted else ""
    end = f"trailer\n<</Size {len(objects) + 1}/Root 1 0 R{locked}>>\nstartxref\n{len(body)}\n%%EOF"
    return f"{body}xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}{end}".encode("latin-1")


def word(*, heading: str = "Findings", text: str = "The gap is 0.2.") -> bytes:
    """Return a Word document with a heading, a paragraph and a table."""
    document = docx.Document()
    document.add_heading(heading)
    document.add_paragraph(text)
    document.add_table(1, 1).rows[0].cells[0].text = "cell"
    return _saved(document)


def book(paragraphs: int) -> bytes:
    """Return a Word document of so many paragraphs below a heading, which is written at once."""
    archive = word(heading="The end", text="@")
    whole = zipfile.ZipFile(io.BytesIO(archive)).read("word/document.xml")
    before, _, after = whole.partition(b"@")
    more = "".join(f"</w:t></w:r></w:p><w:p><w:r><w:t>Paragraph {number}" for number in range(paragraphs))
    body, _, tail = after.partition(b"<w:tbl>")
    return changed(
        archive, "word/document.xml", before + more.encode() + body + tail[tail.index(b"</w:tbl>") + 8 :]
    )


def slides() -> bytes:
    """Return a presentation of one slide."""
    made = pptx.Presentation()
    made.slides.add_slide(made.slide_layouts[0]).shapes.title.text = "The plan"
    return _saved(made)


def sheet(rows: int) -> bytes:
    """Return a spreadsheet of so many rows below its header."""
    book = openpyxl.Workbook(write_only=True)
    made = book.create_sheet("Sales")
    made.append(["n", "name", "amount"])
    for number in range(rows):
        made.append([number, f"row {number}", number * 1.5])
    return _saved(book)


def many_rows(rows: int) -> bytes:
    """Return a spreadsheet whose only sheet has so many rows, written without the library's care."""
    row = b"<row>" + b"<c><v>12345</v></c>" * 4 + b"</row>"
    whole = zipfile.ZipFile(io.BytesIO(sheet(1)))
    [name] = [each for each in whole.namelist() if each.startswith("xl/worksheets/sheet")]
    head, _, tail = whole.read(name).partition(b"<sheetData>")
    return changed(sheet(1), name, head + b"<sheetData>" + row * rows + tail[tail.index(b"</sheetData>") :])


def frames(form: str, count: int) -> bytes:
    """Return a picture of so many frames of different colours."""
    made = io.BytesIO()
    first, *others = (Image.new("RGB", (60, 40), (number * 9, 99, 0)) for number in range(count))
    first.save(made, form, save_all=True, append_images=others)
    return made.getvalue()


def changed(archive: bytes, name: str, content: bytes) -> bytes:
    """Return an archive in which a file is another, or one more."""
    made = io.BytesIO()
    before = zipfile.ZipFile(io.BytesIO(archive))
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as after:
        for each in before.namelist():
            if each != name:
                after.writestr(each, before.read(each))
        after.writestr(name, content)
    return made.getvalue()


def part(archive: bytes, name: str) -> bytes:
    """Return one file of an archive."""
    return zipfile.ZipFile(io.BytesIO(archive)).read(name)


def pdf_bomb() -> bytes:
    """Return a PDF of half a megabyte whose page has half a gigabyte of commands."""
    packer = zlib.compressobj()
    packed = b"".join(packer.compress(b"q " * (1 << 19)) for _ in range(500)) + packer.flush()
    page = (
        b"1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Count 1/Kids[3 0 R]>>endobj\n"
        b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 4 0 R>>endobj\n"
    )
    contents = b"4 0 obj<</Filter/FlateDecode/Length %d>>stream\n" % len(packed)
    return b"%PDF-1.4\n" + page + contents + packed + b"\nendstream endobj\ntrailer<</Root 1 0 R>>\n"


def entity_bomb() -> bytes:
    """Return a Word document whose text is an entity that names others."""
    bomb = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "bbbb"><!ENTITY c "&b;&b;&b;">]><a>&c;</a>'
    return changed(word(), "word/document.xml", bomb)


def zip_bomb() -> bytes:
    """Return a Word document of kilobytes that unpacks to 20 MB."""
    return changed(word(), "word/document.xml", b"<a>" + b" " * (20 << 20) + b"</a>")


def png(width: int, height: int, *, real: bool = True) -> bytes:
    """Return a picture, or one that only says how large it is."""
    if real:
        return _saved(Image.new("RGB", (width, height), "red"), "PNG")

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"\0" * 99)) + chunk(b"IEND", b"")


def _saved(made: Any, *arguments: str) -> bytes:
    kept = io.BytesIO()
    made.save(kept, *arguments)
    return kept.getvalue()
