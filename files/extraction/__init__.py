"""What an attached file says: sniffed, read within limits, in a process that can be killed. Knows no Django."""

from files.extraction.content import Extract, ExtractionError, FileKind, Page, Picture
from files.extraction.run import extract

__all__ = ["Extract", "ExtractionError", "FileKind", "Page", "Picture", "extract"]
