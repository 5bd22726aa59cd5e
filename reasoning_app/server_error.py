"""What a person sees of a fault on our side: a page of our own, which needs no database."""

import sys

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

_AGAIN_S = "30"


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer 503 where the database does not answer, which passes by itself, and 500 to what is a fault of ours."""
    del request
    # No context processor: they would ask the database.
    if isinstance(sys.exception(), OperationalError | InterfaceError):
        page = HttpResponse(render_to_string("503.html"), status=503)
        page["Retry-After"] = _AGAIN_S
        return page
    return HttpResponse(render_to_string("500.html"), status=500)
