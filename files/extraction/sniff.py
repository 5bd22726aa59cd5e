"""What a file is, by its bytes. Its name decides between kinds of text, and refuses what cannot be one."""

import re
import zipfile
from pathlib import Path, PurePath

from files.extraction.archive import checked_archive
from files.extraction.content import ExtractionError, FileKind

_HEAD_BYTES = 64 * 1024
_PICTURES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF87a", b"GIF89a", b"BM", b"II*\x00", b"MM\x00*")
_OLD_OFFICE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_HTML = re.compile(
    rb"\s*(?:<\?xml[^>]{0,200}>\s*)?(?:<!--.{0,2000}?-->\s*)*<(?:!doctype\s+html|html|head|body)\b",
    re.IGNORECASE | re.DOTALL,
)
_OFFICE = {
    "word/document.xml": FileKind.WORD,
    "ppt/presentation.xml": FileKind.SLIDES,
    "xl/workbook.xml": FileKind.SHEETS,
}
_BY_SUFFIX = {
    ".md": FileKind.MARKDOWN, ".markdown": FileKind.MARKDOWN, ".csv": FileKind.TABLE, ".tsv": FileKind.TABLE,
    ".html": FileKind.HTML, ".htm": FileKind.HTML, ".xhtml": FileKind.HTML,
}  # fmt: skip
_CODE = {
    ".c", ".cc", ".cpp", ".cs", ".css", ".go", ".h", ".hpp", ".java", ".jl", ".js", ".json", ".jsx", ".kt", ".lua",
    ".m", ".php", ".pl", ".py", ".r", ".rb", ".rs", ".scala", ".sh", ".sql", ".swift", ".tex", ".toml", ".ts", ".tsx",
    ".xml", ".yaml", ".yml",
}  # fmt: skip
# Nothing of these is text, however few or harmless their bytes.
_NO_TEXT = {
    ".7z", ".apk", ".avi", ".bin", ".bz2", ".class", ".db", ".deb", ".dll", ".dmg", ".dylib", ".elf", ".exe", ".flac",
    ".gz", ".ico", ".iso", ".jar", ".lnk", ".m4a", ".mkv", ".mov", ".mp3", ".mp4", ".msi", ".npy", ".npz", ".o",
    ".ogg", ".otf", ".parquet", ".pickle", ".pkl", ".pyc", ".pyd", ".rar", ".rpm", ".scr", ".so", ".sqlite",
    ".sqlite3", ".sys", ".tar", ".tgz", ".ttf", ".wasm", ".wav", ".webm", ".wma", ".wmv", ".woff", ".woff2", ".xz",
    ".zip", ".zst",
}  # fmt: skip
# These are read where their bytes are what the name says; as a text they are what a failed download leaves.
_READ_AS_THEMSELVES = {
    ".bmp", ".docm", ".docx", ".gif", ".jpeg", ".jpg", ".pdf", ".png", ".pptm", ".pptx", ".tif", ".tiff", ".webp",
    ".xlsm", ".xlsx",
}  # fmt: skip
_UNREADABLE = (
    "This is not a kind of file that can be read here. Attach text, Markdown, code, PDF, Word (.docx), PowerPoint "
    "(.pptx), Excel (.xlsx), CSV, HTML or a picture (PNG, JPEG, GIF, WebP)."
)


def kind_of(path: Path, name: str) -> FileKind:
    """Return what a file is. Raises ExtractionError for one that is not read."""
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    if not head.strip():
        raise ExtractionError("The file is empty. Choose one with contents.")
    if b"%PDF-" in head[:1024]:
        return FileKind.PDF
    if head.startswith(_PICTURES) and not (head.startswith(b"BM") and _is_text(head)):
        return FileKind.PICTURE
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return FileKind.PICTURE
    if head.startswith(b"PK\x03\x04"):
        return _office_kind(path)
    if head.startswith(_OLD_OFFICE):
        raise _old_office(path)
    suffix = PurePath(name).suffix.casefold()
    if suffix in _NO_TEXT or not _is_text(head):
        raise ExtractionError(_UNREADABLE)
    if suffix in _READ_AS_THEMSELVES:
        raise ExtractionError(
            f"Its name ends in {suffix}, but its contents are not those of such a file. Open it yourself to see what it "
            "is, and attach it under the name that fits."
        )
    return _text_kind(head, suffix)


def _text_kind(head: bytes, suffix: str) -> FileKind:
    if _HTML.match(head.lstrip(b"\xef\xbb\xbf")):
        return FileKind.HTML
    return _BY_SUFFIX.get(suffix) or (FileKind.CODE if suffix in _CODE else FileKind.TEXT)


def _is_text(head: bytes) -> bool:
    """Tell whether bytes may be text: UTF-16 by its mark, anything else without NUL and nearly without controls."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return True
    controls = sum(head.count(bytes([code])) for code in (*range(32), 127) if code not in {9, 10, 12, 13, 27})
    return b"\x00" not in head and controls * 100 <= len(head)


def _office_kind(path: Path) -> FileKind:
    try:
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
            kind = next((kind for name, kind in _OFFICE.items() if name in names), None)
            if kind is not None:
                checked_archive(archive, kind)
    except (zipfile.BadZipFile, OSError, ValueError, RuntimeError, NotImplementedError) as error:
        raise ExtractionError(
            "The file is damaged and cannot be opened. Save it again, and attach that."
        ) from error
    if kind is not None:
        return kind
    if "mimetype" in names:
        raise ExtractionError(
            "OpenDocument files and e-books are not read. Save it as PDF, .docx or .xlsx, and attach that."
        )
    raise ExtractionError("This is a ZIP archive. Unpack it, and attach the files that matter.")


def _old_office(path: Path) -> ExtractionError:
    if _ENCRYPTED in path.read_bytes():
        return ExtractionError(
            "The file is protected by a password. Remove the password, and attach it again."
        )
    return ExtractionError("This is an old Office file. Save it as .docx, .xlsx or .pptx, and attach that.")
