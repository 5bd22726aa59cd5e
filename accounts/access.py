"""The doors of every room: who a request comes from, what a member of staff may open, whose workspace pays.

What belongs to a workspace opens by role: viewers read, members also submit and steer jobs, owners do everything. A
person outside it gets 404; one whose role is too small gets 403 and the reason in words.
"""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, cast
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from accounts.models import Membership, Role, User, Workspace
from accounts.rights import Right
from accounts.services import ensure_personal_workspace
from accounts.sign_in.second_factor import ask_for_second_factor, lacks_second_factor


class AuthedRequest(HttpRequest):
    """A request behind one of the doors below."""

    user: User


_READS = frozenset({"GET", "HEAD"})
_KEPT = "_places_while_reading"
"""The attribute of a request's user that keeps `_places_of`."""

type View[**P] = Callable[Concatenate[HttpRequest, P], HttpResponseBase]
type AuthedView[**P] = Callable[Concatenate[AuthedRequest, P], HttpResponseBase]


def signed_in[**P](view: AuthedView[P]) -> View[P]:
    """Ask the signed-out to sign in; a fragment reloads its page instead of showing the sign-in page in its place.

    A form that says of which workspace it is (ui/_of_workspace.html) changes no other one; a link shows no other one.
    A request that only reads asks once in which workspaces the user is.
    """

    @wraps(view)
    def door(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if isinstance(request.user, User):
            authed = cast("AuthedRequest", request)
            keep_places(authed)
            return _ask_again(authed) if _is_of_another(authed) else view(authed, *args, **kwargs)
        if request.htmx:  # type: ignore[attr-defined]
            return HttpResponse(status=204, headers={"HX-Refresh": "true"})
        return redirect_to_login(request.get_full_path())

    return door


def keep_places(request: HttpRequest) -> None:
    """Let a request that only reads ask once in which workspaces its user is; doors do, and pages for everybody may."""
    if request.method in _READS:
        setattr(request.user, _KEPT, [])


def _is_of_another(request: AuthedRequest) -> bool:
    """Whether a form or an email's link is of another workspace than the one that the user has chosen meanwhile."""
    sent = request.POST if request.method == "POST" else request.GET
    named = sent.get("of_workspace")
    return named is not None and named != str(workspace_of(request.user).public_id)


def _ask_again(request: AuthedRequest) -> HttpResponse:
    chosen = workspace_of(request.user).name
    if request.method != "POST":
        messages.warning(request, f"This link is about another workspace than {chosen}. Switch to it first.")
        return redirect("workspace")
    messages.warning(
        request,
        f"You have switched to {chosen} since this form was shown. Nothing was changed: check it and send it again, or "
        "switch back first.",
    )
    back = request.headers.get("Referer", "")
    if not url_has_allowed_host_and_scheme(back, {request.get_host()}, require_https=request.is_secure()):
        back = reverse("job-list")
    return redirect(back)


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


def with_role[**P](least: Role) -> Callable[[AuthedView[P]], View[P]]:
    """Open a view to people with at least this role in the workspace that they have chosen; others get 403."""

    def decorate(view: AuthedView[P]) -> View[P]:
        @signed_in
        @wraps(view)
        def door(request: AuthedRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            check_role(memberships_of(request.user)[0].role, least)
            return view(request, *args, **kwargs)

        return door

    return decorate


def role_in(user: User, workspace: Workspace | int) -> Role | None:
    """Return the user's role in a workspace, or None where they are not in it."""
    workspace_id = workspace.pk if isinstance(workspace, Workspace) else workspace
    mine = (Role(place.role) for place in _places_of(user) if place.workspace_id == workspace_id)
    return next(mine, None)


def has_role(user: User, least: Role, workspace: Workspace | int) -> bool:
    """Tell whether the user has at least this role in a workspace."""
    role = role_in(user, workspace)
    return role is not None and role.includes(least)


def require_role(user: User, least: Role, workspace: Workspace | int) -> None:
    """Raise Http404 for a person outside the workspace, and PermissionDenied, in words, where their role is too small."""
    check_role(role_in(user, workspace), least)


def check_role(role: Role | str | None, least: Role) -> None:
    """Raise Http404 for no role, and PermissionDenied, in words, for one that is not enough."""
    if not role:
        raise Http404
    if not Role(role).includes(least):
        raise PermissionDenied(_REFUSALS[least])


_REFUSALS = {
    Role.OWNER: "Only an owner of this workspace can see and change its money, limits and members. Ask one of them, or "
    "switch to another workspace.",
    Role.MEMBER: "You can read what is in this workspace, but not start or change anything. Ask an owner to make you a "
    "member, or switch to another workspace.",
    Role.VIEWER: "",
}


def workspace_of(user: User) -> Workspace:
    """Return the workspace that the user has chosen: whose jobs and money they see, and which pays for new jobs."""
    return memberships_of(user)[0].workspace


def workspace_named(user: User, public_id: str) -> Workspace | None:
    """Return the user's workspace that a form names. None: it names none of theirs."""
    try:
        named = UUID(public_id)
    except ValueError:
        return None
    return Workspace.objects.filter(memberships__user=user, public_id=named).first()


def memberships_of(user: User) -> list[Membership]:
    """Return the user's places in workspaces, the chosen one first, with a workspace made where there is none."""
    mine = _places_of(user)
    if not mine:
        ensure_personal_workspace(user)
        return memberships_of(user)
    return sorted(mine, key=lambda each: each.workspace_id != user.current_workspace_id)


def _places_of(user: User) -> list[Membership]:
    """Return the user's places in workspaces, the first one first; what a reading request asked for, it keeps."""
    kept: list[Membership] | None = getattr(user, _KEPT, None)
    if kept:
        return kept
    mine = list(Membership.objects.filter(user=user).select_related("workspace").order_by("pk"))
    if kept is not None:
        kept.extend(mine)
    return mine
