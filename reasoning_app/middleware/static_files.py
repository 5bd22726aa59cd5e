"""Static files served where they lie, as `make run` does: compressed, and kept by browsers until they change.

Where `collectstatic` was run, names carry digests and WhiteNoise does all of this by itself.
"""

import gzip
import os
from functools import cache
from typing import Any

from django.contrib.staticfiles import finders
from django.contrib.staticfiles.storage import StaticFilesStorage
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from whitenoise.middleware import WhiteNoiseFileResponse, WhiteNoiseMiddleware

_VENDOR = "vendor/"
"""Whose directories carry a version, and which style sheets name without one."""
_FOR_EVER = "max-age=315360000, public, immutable"
_FOR_A_DAY = "max-age=86400, public"
_TEXTS = ("text/", "application/json", "image/svg")


class VersionedStaticFilesStorage(StaticFilesStorage):
    """Gives every address the time of the file's last change."""

    def url(self, name: str | None) -> str:
        """Return the address of a file; an unknown one has no version."""
        address = super().url(name)
        place = _place_of(name) if name and not name.startswith(_VENDOR) else None
        return f"{address}?v={os.stat(place).st_mtime_ns:x}" if place else address  # noqa: PTH116  (ten a page)


@cache
def _place_of(name: str) -> str | None:
    """Return where a file lies; finders look through every app for it."""
    found = finders.find(name)
    return found if isinstance(found, str) else None


class StaticFilesMiddleware(WhiteNoiseMiddleware):  # type: ignore[misc]  # WhiteNoise has no types
    """WhiteNoise, which keeps compressed texts in memory where no compressed files lie beside the others."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._compressed: dict[tuple[str, str], bytes] = {}

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Serve a file, or pass on."""
        reply = super().__call__(request)
        if not (self.autorefresh and isinstance(reply, WhiteNoiseFileResponse)) or reply.status_code not in {
            200,
            304,
        }:
            return reply  # type: ignore[no-any-return]
        if "v" in request.GET:
            reply["Cache-Control"] = _FOR_EVER
        elif request.path_info.startswith(f"{self.static_prefix}{_VENDOR}"):
            reply["Cache-Control"] = _FOR_A_DAY
        is_text = reply.get("Content-Type", "").startswith(_TEXTS)
        if reply.status_code == 200 and is_text and "gzip" in request.headers.get("Accept-Encoding", ""):
            return self._in_short(request, reply)
        return reply  # type: ignore[no-any-return]

    def _in_short(self, request: HttpRequest, reply: WhiteNoiseFileResponse) -> HttpResponse:
        """Return the compressed file with the headers of the other."""
        key = request.path_info, reply["Last-Modified"]
        if request.method == "GET" and key not in self._compressed:
            self._compressed[key] = gzip.compress(b"".join(reply.streaming_content), mtime=0)
        reply.close()
        short = HttpResponse(self._compressed.get(key, b""), headers=dict(reply.items()))
        short["Content-Encoding"], short["Vary"] = "gzip", "Accept-Encoding"
        short["Content-Length"] = str(len(short.content))
        return short
