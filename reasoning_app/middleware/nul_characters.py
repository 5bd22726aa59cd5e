"""Answers 400 where a request with a NUL character came to grief: PostgreSQL stores none, and Django's lookups raise."""

import logging
from collections.abc import Callable, Iterator

from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

logger = logging.getLogger(__name__)

_REFUSAL = "It contains a NUL character, which no text here can hold. Remove it and try again."


class NulCharactersMiddleware:
    """For addresses, queries and posts alike. Forms say themselves which of their fields holds one."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass on."""
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Refuse what a view failed at because of a NUL; what it failed at otherwise is a fault of ours."""
        nul = next((name for name, text in _texts(request) if "\0" in text), None)
        if nul is None or not isinstance(exception, ValueError | DatabaseError):
            return None
        logger.warning("Refused %s: “%s” holds a NUL character.", request.path[:200], nul[:100])
        return render(request, "400.html", {"reason": _REFUSAL}, status=400)


def _texts(request: HttpRequest) -> Iterator[tuple[str, str]]:
    yield "the address", request.path
    for given in (request.GET, request.POST):
        for name, values in given.lists():
            yield name, name
            yield from ((name, str(value)) for value in values)
