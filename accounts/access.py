"""The doors of every room: who a request comes from, what a member of staff may open, whose workspace pays."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, cast

from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase

from accounts.models import User, Workspace
from accounts.rights import Right
from accounts.services import ensure_personal_workspace
from accounts.sign_in.second_factor import ask_for_second_factor, lacks_second_factor


class AuthedRequest(HttpRequest):
    """A request behind one of the doors below."""

    user: User


type View[**P] = Callable[Concatenate[HttpRequest, P], HttpResponseBase]
type AuthedView[**P] = Callable[Concatenate[AuthedRequest, P], HttpResponseBase]


def signed_in[**P](view: AuthedView[P]) -> View[P]:
    """Ask the signed-out to sign in; a fragment reloads its page instead of showing the sign-in page in its place."""

    @wraps(view)
    def door(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if isinstance(request.user, User):
            return view(cast("AuthedRequest", request), *args, **kwargs)
        if request.htmx:  # type: ignore[attr-defined]
            return HttpResponse(status=204, headers={"HX-Refresh": "true"})
        return redirect_to_login(request.get_full_path())

    return door


def staff_with[**P](right: Right) -> Callable[[AuthedView[P]], View[P]]:
    """Open a view to active staff who have the right; everybody else who is signed in gets 404."""
    return _staff_door(lambda user: user.has_perm(right.permission))


def superusers_only[**P](view: AuthedView[P]) -> View[P]:
    """Open a view to superusers; everybody else who is signed in gets 404."""
    return _staff_door(lambda user: user.is_superuser)(view)


def any_staff[**P](view: AuthedView[P]) -> View[P]:
    """Open a view to all active staff; everybody else who is signed in gets 404."""
    return _staff_door(lambda _: True)(view)


def _staff_door(may_enter: Callable[[User], bool]) -> Callable[[AuthedView[...]], View[...]]:
    def decorate(view: AuthedView[...]) -> View[...]:
        @signed_in
        @wraps(view)
        def door(request: AuthedRequest, /, *args: object, **kwargs: object) -> HttpResponseBase:
            if not (request.user.is_active and request.user.is_staff and may_enter(request.user)):
                raise Http404
            if lacks_second_factor(request.user):
                return ask_for_second_factor(request)
            return view(request, *args, **kwargs)

        return door

    return decorate


def workspace_of(user: User) -> Workspace:
    """Return the workspace whose wallet the user sees, and which pays for their new jobs."""
    workspace = Workspace.objects.filter(memberships__user=user).order_by("memberships__pk").first()
    return workspace or ensure_personal_workspace(user)
