"""What a page that asks again and again is answered: the part that changed, and when to stop asking."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

_STOP_POLLING = 286
"""htmx takes what comes with this status as it takes any other, and asks no more."""


def live_reply(
    request: HttpRequest, *, has_ended: bool, revision: str, render: Callable[[], HttpResponse]
) -> HttpResponse:
    """Return the live part: 204 where nothing changed since `rev`; at the end, with 286, what takes its place."""
    if not has_ended and request.GET.get("rev") == revision:
        return HttpResponse(status=204)
    reply = render()
    if has_ended:
        reply.status_code = _STOP_POLLING
    return reply
