"""Seeing the pages of another person, as they see them: for the operator, to read only, and never unnoticed.

While it lasts the session stays the operator's own; for the pages of jobs and wallets `request.user` is the other
person, every other page is closed, and nothing can be sent.
"""

from collections.abc import Callable

from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from accounts.models import User
from accounts.sign_in.second_factor import lacks_second_factor

_SESSION_KEY = "viewing_as"
_OPEN = frozenset({"/wallet/", "/wallet/ledger.csv", "/limits/"})
STOP_ADDRESS = "/staff/people/stop-viewing/"
_SAFE = frozenset({"GET", "HEAD"})


def start_viewing(request: HttpRequest, *, by: User, person: User) -> None:
    """Show this session the pages of another person from now on; who did so is kept for all superusers to see."""
    LogEntry.objects.create(
        user=by,
        content_type=ContentType.objects.get_for_model(User),
        object_id=str(person.pk),
        object_repr=str(person)[:200],
        action_flag=CHANGE,
        change_message="Viewed the pages of this person.",
    )
    request.session[_SESSION_KEY] = person.pk


def stop_viewing(request: HttpRequest) -> None:
    """Show this session its own pages again."""
    request.session.pop(_SESSION_KEY, None)


class ViewingMiddleware:
    """Puts the person whose pages are viewed in the place of the operator, and refuses all but looking."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer as the viewed person would be answered, or pass on."""
        person_id = request.session.get(_SESSION_KEY) if hasattr(request, "session") else None
        if person_id is None or request.path == STOP_ADDRESS or request.path.startswith("/static/"):
            return self._get_response(request)
        viewer = request.user
        person = User.objects.filter(pk=person_id, is_active=True, is_superuser=False).first()
        if not _may_view(viewer) or person is None:
            stop_viewing(request)
            return self._get_response(request)
        if request.method not in _SAFE:
            return render(request, "staff/read_only.html", {"viewing": person}, status=403)
        if request.path not in _OPEN and (
            not request.path.startswith("/jobs/") or request.path == "/jobs/new/"
        ):
            return redirect("job-list")
        request.user = person
        request.viewing_as = person  # type: ignore[attr-defined]
        return self._get_response(request)


def _may_view(user: object) -> bool:
    return (
        isinstance(user, User)
        and user.is_active
        and user.is_staff
        and user.is_superuser
        and not lacks_second_factor(user)
    )
