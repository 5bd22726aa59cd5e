"""Gives a page to 405: whoever opens the address of a button is told so, instead of meeting an empty reply."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


class MethodNotAllowedMiddleware:
    """For readers alone: what a program sent otherwise gets the bare status."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass on, and fill an empty refusal."""
        reply = self.get_response(request)
        if reply.status_code != 405 or request.method != "GET":
            return reply
        page = render(request, "405.html", status=405)
        page["Allow"] = reply.get("Allow", "POST")
        return page
