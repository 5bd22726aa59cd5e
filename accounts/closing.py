"""Closing an account: nobody can sign in as its user any more, and nothing here says who it was.

The row itself stays, under an address that leads nowhere: jobs, calls and transfers name it.
"""

from typing import NamedTuple

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.models import Session
from django.db import connection
from django.db.models import F
from django.utils import timezone

from accounts.models import (
    Invitation,
    Membership,
    Role,
    User,
    Workspace,
    WorkspaceChange,
    WorkspaceInvitation,
)
from accounts.workspaces import members
from accounts.workspaces.changes import What, note

CLOSED_DOMAIN = "closed.invalid"
"""Addresses under .invalid reach nobody (RFC 2606)."""


def workspaces_alone(user: User) -> list[Workspace]:
    """Return the workspaces that have no other member."""
    own = Workspace.objects.filter(memberships__user=user)
    return list(own.exclude(pk__in=Membership.objects.exclude(user=user).values("workspace")).order_by("pk"))


def is_last_of_staff(user: User) -> bool:
    """Tell whether nobody else could look after this installation."""
    others = User.objects.filter(is_staff=True, is_active=True).exclude(pk=user.pk)
    return user.is_staff and user.is_active and not others.exists()


def addresses_of(user: User) -> list[str]:
    """Return every address, in lower case, that is the user's or was, so that mail to it can be forgotten."""
    present = EmailAddress.objects.filter(user=user).values_list("email", flat=True)
    return sorted({address.lower() for address in (user.email, *present, *user.former_emails)})


def keep_open(user: User) -> bool:
    """Keep the account from being closed until the caller's transaction ends. False: it is closed already.

    Whoever writes rows that name the user calls this before locking anything else, for closing locks the user first.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT closed_at FROM accounts_user WHERE id = %s FOR KEY SHARE", [user.pk])
        found = cursor.fetchone()
    return found is not None and found[0] is None


class Handover(NamedTuple):
    """A shared workspace whose last owner closes their account, and who owns it then: None where only viewers stay."""

    workspace: Workspace
    heir: Membership | None


def handovers_of(user: User) -> list[Handover]:
    """Return the workspaces that have other people in them and no other owner; the longest member becomes theirs."""
    alone = [workspace.pk for workspace in workspaces_alone(user)]
    owned = Membership.objects.filter(user=user, role=Role.OWNER).exclude(workspace__in=alone)
    found = []
    for membership in owned.select_related("workspace").order_by("pk"):
        others = Membership.objects.filter(workspace=membership.workspace_id, user__is_active=True)
        others = others.exclude(user=user)
        if not others.filter(role=Role.OWNER).exists():
            heir = others.filter(role=Role.MEMBER).select_related("user").order_by("pk").first()
            found.append(Handover(membership.workspace, heir))
    return found


def lock_workspaces_of(user: User) -> None:
    """Lock who is in the user's workspaces: nobody else joins, leaves or loses a role until the transaction ends.

    Call it right after the user's row was locked.
    """
    own = Workspace.objects.filter(memberships__user=user).values("pk")
    list(Workspace.objects.select_for_update(no_key=True).filter(pk__in=own).order_by("pk").values_list("pk"))


def leave_shared_workspaces(user: User) -> None:
    """End the user's memberships beside others; where nobody else is an owner, the longest member becomes one.

    The workspaces must be locked (lock_workspaces_of).
    """
    shared = Membership.objects.filter(user=user).exclude(workspace__in=workspaces_alone(user))
    for handover in handovers_of(user):
        if handover.heir:
            Membership.objects.filter(pk=handover.heir.pk).update(role=Role.OWNER)
            note(handover.workspace, What.ROLE, about=handover.heir.user, detail="member → owner")
    for membership in shared.select_related("workspace", "user"):
        note(membership.workspace, What.LEFT, by=user)
        members.end(membership)


def anonymise(user: User) -> None:
    """Take name, address and every way to sign in from a user, in the caller's transaction; sessions end."""
    Workspace.objects.filter(pk__in=[each.pk for each in workspaces_alone(user)]).update(
        name="Closed workspace"
    )
    for address in addresses_of(user):
        Invitation.objects.filter(email__iexact=address).delete()
        WorkspaceInvitation.objects.filter(email__iexact=address).delete()
        WorkspaceChange.objects.filter(email__iexact=address).update(email="")
    EmailAddress.objects.filter(user=user).delete()
    Authenticator.objects.filter(user=user).delete()
    UserSession.objects.filter(user=user).delete()
    user.sign_in_links.all().delete()
    end_sessions(user)
    of_user = LogEntry.objects.filter(
        content_type=ContentType.objects.get_for_model(User), object_id=str(user.pk)
    )
    of_user.update(object_repr=f"user {user.pk}", change_message="")
    user.email, user.name, user.former_emails = f"{user.pk}@{CLOSED_DOMAIN}", "", []
    user.is_active = user.is_staff = user.is_superuser = False
    user.notify_when_done = user.notify_when_exhausted = user.notify_when_stuck = False
    user.notify_when_asked = user.notify_of_receipts = user.notify_of_top_ups = False
    user.notify_when_failed = user.notify_of_limits = user.notify_of_low_balance = False
    user.mail_bounced_at, user.mail_bounce = None, ""
    user.current_workspace = None
    user.closed_at = timezone.now()
    user.set_unusable_password()
    user.groups.clear()
    user.user_permissions.clear()
    user.save()


def end_sessions(user: User) -> None:
    """Sign the user out everywhere: what a session keeps names its user only inside."""
    mine = str(user.pk)
    sessions = Session.objects.filter(expire_date__gt=timezone.now()).order_by(F("expire_date").desc())
    ended = [each.pk for each in sessions.iterator() if each.get_decoded().get("_auth_user_id") == mine]
    Session.objects.filter(pk__in=ended).delete()
