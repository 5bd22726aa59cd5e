"""CSV downloads: streamed, and safe to open in a spreadsheet."""

import csv
import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from django.http import StreamingHttpResponse
from django.utils import timezone

# A spreadsheet takes a text that begins with one of these for a formula; some read full-width signs likewise.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


class _Echo:
    """A file that hands back what is written to it."""

    def write(self, text: str) -> str:
        return text


def csv_lines(header: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """Yield the lines of a CSV file; amounts should be decimal strings."""
    writer = csv.writer(_Echo())
    yield writer.writerow(header)
    for row in rows:
        yield writer.writerow([_safe(value) for value in row])


def csv_reply(name: str, header: Sequence[str], rows: Iterable[Sequence[object]]) -> StreamingHttpResponse:
    """Return a download called `name` with these rows; amounts should be decimal strings."""
    reply = StreamingHttpResponse(csv_lines(header, rows), content_type="text/csv; charset=utf-8")
    reply["Content-Disposition"] = f'attachment; filename="{name}"'
    return reply


def _safe(value: object) -> object:
    if isinstance(value, datetime):
        # In the zone of the days that pages and sums have, and with its offset.
        return timezone.localtime(value).isoformat()
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False)
    if (
        isinstance(value, str)
        and value.lstrip(" \u00a0").startswith(_FORMULA_STARTS)
        and not _is_number(value)
    ):
        return f"'{value}"
    return value


def _is_number(text: str) -> bool:
    return text.removeprefix("-").replace(".", "", 1).isdigit()
