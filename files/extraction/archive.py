"""Refuses Office files that unpack to more than they may, or declare entities: zip bombs and XML bombs."""

import zipfile

from files.extraction.content import ExtractionError, FileKind

_MOST_PARTS = 5_000
_MOST_PART_BYTES = 24 << 20
_MOST_BYTES = 120 << 20
_MOST_SHEET_BYTES = 400 << 20
"""A worksheet is read row by row, so it may be large."""
_MOST_RATIO = 400
_SMALL_BYTES = 1 << 20
_DECLARES = (b"<!DOCTYPE", b"<!ENTITY")
_LOOKED_AT_BYTES = 4_096
_TOO_LARGE = (
    "The file unpacks to far more than its size, as a zip bomb does, so it is not opened. Attach a smaller one, or "
    "a PDF."
)


def checked_archive(archive: zipfile.ZipFile, kind: FileKind) -> None:
    """Raise ExtractionError for an archive that is not safe to open.

    An archive cannot lie about its sizes: what lies beyond the stated one is not unpacked.
    """
    parts = archive.infolist()
    if len(parts) > _MOST_PARTS:
        raise ExtractionError(_TOO_LARGE)
    total = 0
    for part in parts:
        if part.flag_bits & 1:
            raise ExtractionError(
                "The file is protected by a password. Remove the password, and attach it again."
            )
        is_sheet = kind is FileKind.SHEETS and part.filename.startswith("xl/worksheets/")
        is_xml = part.filename.casefold().endswith((".xml", ".rels"))
        total += 0 if is_sheet else part.file_size
        most = _MOST_SHEET_BYTES if is_sheet else _MOST_PART_BYTES if is_xml else _MOST_BYTES
        if part.file_size > most or total > _MOST_BYTES:
            raise ExtractionError(_TOO_LARGE)
        if part.file_size > _SMALL_BYTES and part.file_size > _MOST_RATIO * max(part.compress_size, 1):
            raise ExtractionError(_TOO_LARGE)
        if is_xml:
            _refuse_entities(archive, part)


def _refuse_entities(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> None:
    with archive.open(part) as opened:
        head = opened.read(_LOOKED_AT_BYTES)
    if any(mark in head.replace(b"\x00", b"").upper() for mark in _DECLARES):
        raise ExtractionError(
            "The file declares XML entities, which no Office program writes, so it is not opened."
        )
