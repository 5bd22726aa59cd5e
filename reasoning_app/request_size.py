"""Refuses requests that are larger than any form can be, before a byte of them is read or kept."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

_REFUSAL = "This request is too large: a request may have at most 4 MB, a problem 100,000 characters.\n"


class RequestSizeMiddleware:
    """Answers 413 where the stated length is above DATA_UPLOAD_MAX_MEMORY_SIZE.

    Django itself counts only what it keeps in memory: a file would be written to the disk whole before it is refused.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Refuse, or pass on."""
        stated = request.META.get("CONTENT_LENGTH") or "0"
        if not stated.isdecimal() or int(stated[:20]) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
            return HttpResponse(_REFUSAL, status=413, content_type="text/plain; charset=utf-8")
        return self.get_response(request)
