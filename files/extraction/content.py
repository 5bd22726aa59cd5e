"""What is read of a file, and how much of it at most."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Self

MAX_TEXT_CHARS = 1_000_000
"""Of one file; what comes after is left out, and a note says so."""
MAX_PAGES = 500
MAX_PIXELS = 40_000_000
"""Of a picture, four bytes each: with its copies what the reader may take in memory."""
MAX_RENDERED_PAGES = 8
"""Pages of a PDF without text, or of a TIFF, that are shown as pictures."""
PICTURE_SIDE = 1_568
"""Pixels of a picture's longer side as models get it: more they would scale down themselves."""


class ExtractionError(Exception):
    """A file that is not read; the message says why, and what to do."""


class FileKind(StrEnum):
    """What a file is, whatever its name says."""

    TEXT = "text"
    MARKDOWN = "markdown"
    CODE = "code"
    HTML = "html"
    TABLE = "table"
    PDF = "pdf"
    WORD = "word"
    SLIDES = "slides"
    SHEETS = "sheets"
    PICTURE = "picture"

    @property
    def label(self) -> str:
        """Return its name for people."""
        return _LABELS[self]


_LABELS = {
    FileKind.TEXT: "text",
    FileKind.MARKDOWN: "Markdown",
    FileKind.CODE: "code",
    FileKind.HTML: "HTML page",
    FileKind.TABLE: "table",
    FileKind.PDF: "PDF",
    FileKind.WORD: "Word document",
    FileKind.SLIDES: "presentation",
    FileKind.SHEETS: "spreadsheet",
    FileKind.PICTURE: "picture",
}


@dataclass(frozen=True, slots=True)
class Page:
    """A piece of a file: where it stands (“page 3”; empty in a plain text), and its text."""

    where: str
    text: str


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture as models get it, JPEG; `name` is its file in the directory of the extraction."""

    where: str
    name: str
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Extract:
    """What was read of a file; `notes` are sentences for people about what was not."""

    kind: FileKind
    pages: tuple[Page, ...] = ()
    pictures: tuple[Picture, ...] = ()
    page_count: int = 0
    notes: tuple[str, ...] = ()

    @property
    def characters(self) -> int:
        """How many characters of text it has."""
        return sum(len(page.text) for page in self.pages)

    def to_json(self) -> dict[str, Any]:
        """Return what `from_json` reads."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Return what `to_json` wrote. Raises KeyError, TypeError or ValueError for anything else."""
        return cls(
            FileKind(data["kind"]),
            tuple(Page(**each) for each in data["pages"]),
            tuple(Picture(**each) for each in data["pictures"]),
            int(data["page_count"]),
            tuple(data["notes"]),
        )


class Collector:
    """Takes pages until the most characters are reached."""

    def __init__(self, most: int = MAX_TEXT_CHARS) -> None:
        self.pages: list[Page] = []
        self.left = most

    @property
    def is_full(self) -> bool:
        """Whether nothing more is taken."""
        return self.left <= 0

    def add(self, where: str, text: str) -> None:
        """Take a page, or its beginning where it is too long; an empty one is left out."""
        kept = text.strip()[: self.left]
        if kept:
            self.pages.append(Page(where, kept))
            self.left -= len(kept)
