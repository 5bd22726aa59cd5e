"""Where a person is signed in: one row for each browser, and a way to end one of them."""

import re
from datetime import datetime
from typing import NamedTuple

from allauth.usersessions.models import UserSession
from django.http import HttpRequest

from accounts.models import User

_BROWSERS = {
    "Edg": "Edge",
    "OPR": "Opera",
    "Firefox": "Firefox",
    "FxiOS": "Firefox",
    "CriOS": "Chrome",
    "Chrome": "Chrome",
    "Safari": "Safari",
}
_SYSTEMS = {
    "iPhone": "iPhone",
    "iPad": "iPad",
    "Android": "Android",
    "Windows": "Windows",
    "CrOS": "ChromeOS",
    "Mac OS X": "Mac",
    "Linux": "Linux",
}


class SignedInBrowser(NamedTuple):
    """What the settings show of one session."""

    key: int
    name: str
    ip: str
    since: datetime
    is_this_one: bool


def signed_in_browsers(request: HttpRequest, user: User) -> list[SignedInBrowser]:
    """Return where the user is signed in: this browser first, then the newest."""
    known = UserSession.objects.filter(user=user)
    if not known.filter(session_key=request.session.session_key).exists():
        note_session(request)
    rows = [
        SignedInBrowser(
            each.pk,
            browser_name(each.user_agent),
            each.ip,
            each.created_at,
            is_this_one=_is_of(each, request),
        )
        for each in UserSession.objects.purge_and_list(user)
    ]
    return sorted(rows, key=lambda row: (not row.is_this_one, -row.since.timestamp()))


def note_session(request: HttpRequest) -> None:
    """Write down that this browser is signed in."""
    UserSession.objects.create_from_request(request)


def end_session(request: HttpRequest, user: User, key: int) -> bool:
    """Sign the user out in one other browser. False: they are not signed in there, or it is this one."""
    session = UserSession.objects.filter(user=user, pk=key).first()
    if session is None or _is_of(session, request):
        return False
    session.end()
    return True


def browser_name(user_agent: str) -> str:
    """Return “Firefox on Linux”, as well as the browser's own words tell."""
    browser = next((name for mark, name in _BROWSERS.items() if re.search(rf"\b{mark}\b", user_agent)), "")
    system = next((name for mark, name in _SYSTEMS.items() if mark in user_agent), "")
    return " on ".join(filter(None, (browser, system))) or "Unknown browser"


def _is_of(session: UserSession, request: HttpRequest) -> bool:
    return bool(session.session_key == request.session.session_key)
