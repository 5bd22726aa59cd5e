"""The page of a workspace: its people, its invitations and what changed; switching, and answering an invitation."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import (
    AuthedRequest,
    require_role,
    signed_in,
    with_role,
    workspace_named,
    workspace_of,
)
from accounts.models import Membership, Role, User, WorkspaceInvitation
from accounts.workspaces import invitations, members
from accounts.workspaces.members import MemberError
from solver.core.money import NANO_PER_USD, MoneyError, parse_usd, usd_decimal

_CHANGES_SHOWN = 50
_MOST_NAME_CHARS = 120
_MOST_NANO = 1_000_000 * NANO_PER_USD


class InviteForm(forms.Form):
    """Whom to invite, and as what."""

    email = forms.EmailField(
        label="Email address", max_length=254, widget=forms.EmailInput(attrs={"autocomplete": "off"})
    )
    role = forms.TypedChoiceField(
        label="Role", choices=Role.choices, coerce=Role, initial=Role.MEMBER, empty_value=Role.MEMBER
    )


class RenameForm(forms.Form):
    """What a workspace is called."""

    name = forms.CharField(
        label="Name", max_length=_MOST_NAME_CHARS, widget=forms.TextInput(attrs={"dir": "auto"})
    )

    def clean_name(self) -> str:
        """Return the name on one line."""
        return " ".join(self.cleaned_data["name"].split())


class LowBalanceForm(forms.Form):
    """Below what money the owners get an email; cleaned, it is nano-USD, or None."""

    below = forms.CharField(
        label="Email the owners below",
        max_length=40,
        required=False,
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
    )

    def clean_below(self) -> int | None:
        """Read the amount; nothing is None."""
        typed: str = self.cleaned_data["below"]
        try:
            return parse_usd(typed, name="The amount", maximum_nano=_MOST_NANO) if typed else None
        except MoneyError as error:
            raise forms.ValidationError(str(error)) from error


@signed_in
@never_cache
@require_safe
def workspace(request: AuthedRequest) -> HttpResponse:
    """Show who is in the chosen workspace; to its owners also the invitations and what changed."""
    return _page(request)


def _page(request: AuthedRequest, *, status: int = 200, **bound: forms.Form) -> HttpResponse:
    chosen = workspace_of(request.user)
    people = chosen.memberships.select_related("user").order_by("pk")
    mine = next(each for each in people if each.user_id == request.user.pk)
    context: dict[str, Any] = {
        "workspace": chosen,
        "mine": mine,
        "members": people,
        "roles": Role.choices,
        "is_last_owner": mine.role == Role.OWNER and sum(each.role == Role.OWNER for each in people) == 1,
    }
    if mine.role == Role.OWNER:
        context |= {
            "invitations": invitations.open_invitations(chosen),
            "changes": chosen.changes.select_related("by", "about").order_by("-at", "-pk")[:_CHANGES_SHOWN],
            "invite_form": bound.get("invite_form", InviteForm(auto_id="invite-%s")),
            "low_balance_form": bound.get(
                "low_balance_form",
                LowBalanceForm(
                    initial={"below": usd_decimal(below) if (below := chosen.low_balance_nano) else ""}
                ),
            ),
            "rename_form": bound.get("rename_form", RenameForm(initial={"name": chosen.name})),
        }
    return render(request, "accounts/workspace.html", context, status=status)


@signed_in
@require_POST
def switch(request: AuthedRequest) -> HttpResponse:
    """Choose one of the user's workspaces, and show its jobs."""
    chosen = workspace_named(request.user, request.POST.get("workspace", ""))
    if chosen is None:
        messages.warning(request, "You are not in this workspace any more. Nothing was changed.")
        return redirect("workspace")
    members.switch_to(request.user, chosen)
    messages.success(request, f"You are now in {chosen.name}.")
    return redirect("job-list")


@with_role(Role.OWNER)
@require_POST
def rename(request: AuthedRequest) -> HttpResponse:
    """Give the workspace another name."""
    form = RenameForm(request.POST)
    if not form.is_valid():
        return _page(request, status=422, rename_form=form)
    if members.rename(workspace_of(request.user), form.cleaned_data["name"], by=request.user):
        messages.success(request, "Renamed.")
    return redirect("workspace")


@with_role(Role.OWNER)
@require_POST
def set_low_balance(request: AuthedRequest) -> HttpResponse:
    """Say below what money the owners are told, or that they never are."""
    form = LowBalanceForm(request.POST)
    if not form.is_valid():
        return _page(request, status=422, low_balance_form=form)
    members.set_low_balance(workspace_of(request.user), form.cleaned_data["below"])
    messages.success(request, "Saved.")
    return redirect("workspace")


@with_role(Role.OWNER)
@require_POST
def invite(request: AuthedRequest) -> HttpResponse:
    """Invite an address."""
    form = InviteForm(request.POST, auto_id="invite-%s")
    if form.is_valid():
        asked = form.cleaned_data
        try:
            made = invitations.invite(
                workspace_of(request.user), asked["email"], asked["role"], by=request.user
            )
        except MemberError as error:
            form.add_error("email", str(error))
        else:
            messages.success(request, f"{made.email} is invited. The link in the email works for seven days.")
            return redirect("workspace")
    return _page(request, status=422, invite_form=form)


@signed_in
@require_POST
def resend(request: AuthedRequest, invitation_id: int) -> HttpResponse:
    """Send an invitation again, with another link."""
    invitation = _invitation_for(request.user, invitation_id)
    return _tell(
        request,
        lambda: invitations.send_again(invitation, by=request.user),
        f"Sent again to {invitation.email}. The earlier link is void.",
    )


@signed_in
@require_POST
def revoke(request: AuthedRequest, invitation_id: int) -> HttpResponse:
    """Take an invitation back."""
    invitation = _invitation_for(request.user, invitation_id)
    return _tell(
        request,
        lambda: invitations.take_back(invitation, by=request.user),
        f"The invitation of {invitation.email} was taken back. Its link is void.",
    )


@signed_in
@require_POST
def change_role(request: AuthedRequest, membership_id: int) -> HttpResponse:
    """Give somebody in the workspace another role."""
    membership = _membership_for(request.user, membership_id)
    role = request.POST.get("role", "")
    if role not in Role.values:
        messages.warning(request, "Choose owner, member or viewer. Nothing was changed.")
        return redirect("workspace")
    return _tell(
        request,
        lambda: members.set_role(membership, Role(role), by=request.user),
        f"{membership.user.get_full_name()}: {Role(role).label.lower()}.",
    )


@signed_in
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def remove_member(request: AuthedRequest, membership_id: int) -> HttpResponse:
    """Say what becomes of what somebody did here; a POST removes them."""
    membership = _membership_for(request.user, membership_id)
    if request.method != "POST":
        return render(request, "accounts/workspace_remove.html", {"membership": membership})
    return _tell(
        request,
        lambda: members.remove(membership, by=request.user),
        f"{membership.user.get_full_name()} is no longer in the workspace.",
    )


@signed_in
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def leave(request: AuthedRequest) -> HttpResponse:
    """Say what leaving means; a POST leaves the workspace that the form names, or else the chosen one."""
    wanted = request.POST.get("workspace")
    named = workspace_of(request.user) if wanted is None else workspace_named(request.user, wanted)
    if named is None:
        messages.warning(request, "You are not in this workspace any more. Nothing was changed.")
        return redirect("workspace")
    membership = Membership.objects.select_related("workspace", "user").get(
        user=request.user, workspace=named
    )
    if request.method != "POST":
        return render(request, "accounts/workspace_remove.html", {"membership": membership, "leaves": True})
    return _tell(
        request,
        lambda: members.remove(membership, by=request.user),
        f"You left {membership.workspace.name}.",
    )


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """Show an invitation, since mail programs open links by themselves; a POST of the person invited answers it."""
    found = invitations.invitation_of(token)
    user = request.user if isinstance(request.user, User) else None
    is_theirs = bool(found and user and invitations.is_for(found, user))
    if request.method == "POST" and found and user and is_theirs:
        return _answer(request, found, user)
    context = {"invitation": found, "is_theirs": is_theirs, "address": request.path}
    is_gone = found is None or not found.is_open
    page = render(request, "accounts/invitation.html", context, status=410 if is_gone else 200)
    page["Referrer-Policy"] = "same-origin"
    page["X-Robots-Tag"] = "noindex, nofollow"
    return page


def _answer(request: HttpRequest, found: WorkspaceInvitation, user: User) -> HttpResponse:
    declines = request.POST.get("answer") == "decline"
    try:
        if declines:
            invitations.decline(found)
        else:
            invitations.accept(found, user)
    except MemberError as error:
        messages.warning(request, str(error))
        return redirect("workspace")
    if declines:
        messages.success(request, "You declined the invitation.")
        return redirect("job-list")
    messages.success(
        request, f"Welcome to {found.workspace.name}. You can switch to your other workspaces here."
    )
    return redirect("workspace")


def _tell(request: AuthedRequest, act: Any, done: str) -> HttpResponse:
    """Do it, and say what came of it on the workspace's page."""
    try:
        act()
    except MemberError as error:
        messages.warning(request, str(error))
    else:
        messages.success(request, done)
    return redirect("workspace")


def _membership_for(user: User, membership_id: int) -> Membership:
    """Return a membership in a workspace that the user owns; 404 for strangers, 403 for other roles."""
    found = get_object_or_404(Membership.objects.select_related("user", "workspace"), pk=membership_id)
    require_role(user, Role.OWNER, found.workspace_id)
    return found


def _invitation_for(user: User, invitation_id: int) -> WorkspaceInvitation:
    """Return an invitation to a workspace that the user owns; 404 for strangers, 403 for other roles."""
    found = get_object_or_404(WorkspaceInvitation.objects.select_related("workspace"), pk=invitation_id)
    require_role(user, Role.OWNER, found.workspace_id)
    return found
