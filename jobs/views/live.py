"""What a page that asks again and again is answered: the part that changed, or when to stop asking."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

_STOP_POLLING = 286
"""htmx stops asking after this status."""


def live_reply(
    request: HttpRequest, *, has_ended: bool, revision: str, render: Callable[[], HttpResponse]
) -> HttpResponse:
    """Return the live part: 204 where nothing changed since `rev`; at the end 286, and the page is fetched anew."""
    if has_ended:
        return HttpResponse(status=_STOP_POLLING, headers={"HX-Refresh": "true"})
    if request.GET.get("rev") == revision:
        return HttpResponse(status=204)
    return render()
