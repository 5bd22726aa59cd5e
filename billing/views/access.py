"""The doors of the money pages: the workspace a request is about, its top-ups, and the staff pages."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, cast
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404

from accounts.models import User, Workspace
from accounts.services import ensure_personal_workspace
from billing.models import TopUp


class AuthedRequest(HttpRequest):
    """A request behind `login_required` or `staff_only`."""

    user: User


def workspace_of(request: HttpRequest) -> Workspace:
    """Return the workspace whose wallet the signed-in user sees and uses."""
    assert isinstance(request.user, User)  # the views are behind login_required
    found = Workspace.objects.filter(memberships__user=request.user).order_by("memberships__pk").first()
    return found or ensure_personal_workspace(request.user)


def get_top_up_for(request: HttpRequest, top_up_id: UUID) -> TopUp:
    """Return a top-up of a workspace the user is a member of, or raise Http404."""
    return get_object_or_404(TopUp, pk=top_up_id, workspace__memberships__user_id=request.user.pk)


def staff_only[**P](
    view: Callable[Concatenate[AuthedRequest, P], HttpResponseBase],
) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
    """Show a view to active staff only; everyone else who is signed in gets a 404."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if not (isinstance(request.user, User) and request.user.is_active and request.user.is_staff):
            raise Http404
        return view(request, *args, **kwargs)  # type: ignore[arg-type]

    return cast("Callable[Concatenate[HttpRequest, P], HttpResponseBase]", login_required(guarded))
