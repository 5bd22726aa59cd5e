"""What a page that asks again and again is answered: the part that changed, and when to stop asking."""

import re
from collections.abc import Callable
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare, salted_hmac

from jobs.presenters.revision import revision_of

_STOP_POLLING = 286
"""htmx takes what comes with this status as it takes any other, and asks no more."""
_LIVE = re.compile(r"/jobs/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})/live/")
_SEAL_CHARS = 16


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


def sealed(request: HttpRequest, job_id: UUID, revision: str) -> str:
    """Return a revision with a seal that says to whom it was told: the session of this request."""
    session_key = request.COOKIES.get(settings.SESSION_COOKIE_NAME, "")
    seal = salted_hmac("jobs.live", f"{session_key} {job_id} {revision}", algorithm="sha256").hexdigest()
    return f"{revision}.{seal[:_SEAL_CHARS]}"


class UnchangedMiddleware:
    """Answers most polls of a job's page by one statement, before session and user are read.

    A session that was shown a revision of a job is told that it is still the newest, and nothing else; whatever
    changed is the view's to show, which looks at who asks.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer 204 where nothing changed, or pass on."""
        if (live := _LIVE.fullmatch(request.path_info)) and request.method == "GET":
            job_id, told = UUID(live[1]), request.GET.get("rev", "")
            revision = told.partition(".")[0]
            if (
                constant_time_compare(told, sealed(request, job_id, revision))
                and revision_of(job_id) == revision
            ):
                return HttpResponse(status=204)
        return self.get_response(request)
