"""Invitations into a workspace: sent, sent again, taken back, accepted once by the person invited, or declined."""

import hashlib
import secrets
from datetime import timedelta

from allauth.account.models import EmailAddress
from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils import timezone

from accounts.models import Membership, Role, User, Workspace, WorkspaceChange, WorkspaceInvitation
from accounts.sign_in.mailbox import ascii_domain
from accounts.workspaces.changes import What, note
from accounts.workspaces.mail import send_invitation
from accounts.workspaces.members import MemberError, lock_people

GOOD_FOR = timedelta(days=7)
MOST_OPEN = 50
"""Invitations of one workspace that wait for an answer."""
MOST_A_DAY = 20
"""Emails that one person may cause in 24 hours."""
MOST_TO_ONE = 5
"""Emails to one address in 24 hours, whoever causes them: nobody fills a stranger's mailbox."""
_DAY = timedelta(days=1)


def invite(workspace: Workspace, email: str, role: Role, *, by: User) -> WorkspaceInvitation:
    """Offer an address a place, and email it a link. Raises MemberError; then nothing was sent."""
    local, _, domain = email.strip().lower().rpartition("@")
    address = f"{local}@{ascii_domain(domain)}"
    with transaction.atomic():
        lock_people(workspace.pk, by)
        verified = EmailAddress.objects.filter(email__iexact=address, verified=True)
        if Membership.objects.filter(workspace=workspace, user__in=verified.values("user")).exists():
            raise MemberError(f"{address} is in this workspace already.")
        waiting = open_invitations(workspace)
        if waiting.filter(email=address).exists():
            raise MemberError(
                f"{address} is invited already. Send the invitation again, or take it back first."
            )
        if waiting.count() >= MOST_OPEN:
            raise MemberError(f"{MOST_OPEN} invitations wait for an answer already. Take some back first.")
        _check_rate(address, by)
        token, now = secrets.token_urlsafe(32), timezone.now()
        invitation = WorkspaceInvitation.objects.create(
            workspace=workspace,
            email=address,
            role=role,
            token_sha256=_digest(token),
            invited_by=by,
            sent_at=now,
            expires_at=now + GOOD_FOR,
        )
        note(workspace, What.INVITED, by=by, email=address, detail=role.label)
        send_invitation(invitation, _link(token), good_for=GOOD_FOR)
    return invitation


def send_again(invitation: WorkspaceInvitation, *, by: User) -> None:
    """Email another link, good for another seven days; the earlier one is void. Raises MemberError."""
    with transaction.atomic():
        invitation = _waiting(invitation, by)
        _check_rate(invitation.email, by)
        token, now = secrets.token_urlsafe(32), timezone.now()
        invitation.token_sha256, invitation.invited_by = _digest(token), by
        invitation.sent_at, invitation.expires_at = now, now + GOOD_FOR
        invitation.sends += 1
        invitation.save(update_fields=["token_sha256", "invited_by", "sent_at", "expires_at", "sends"])
        note(invitation.workspace, What.SENT_AGAIN, by=by, email=invitation.email)
        send_invitation(invitation, _link(token), good_for=GOOD_FOR)


def take_back(invitation: WorkspaceInvitation, *, by: User) -> None:
    """Void an invitation's link. Raises MemberError where it was accepted or ended meanwhile."""
    with transaction.atomic():
        invitation = _waiting(invitation, by)
        _end(invitation)
        note(invitation.workspace, What.TAKEN_BACK, by=by, email=invitation.email)


def invitation_of(token: str) -> WorkspaceInvitation | None:
    """Return the invitation that a link is about, whatever became of it. None: there was none, or another was sent."""
    found = WorkspaceInvitation.objects.select_related("workspace", "invited_by")
    return found.filter(token_sha256=_digest(token)).first()


def is_for(invitation: WorkspaceInvitation, user: User) -> bool:
    """Tell whether the invited address is one that this user has proved to read."""
    proved = EmailAddress.objects.filter(user=user, verified=True, email__iexact=invitation.email)
    return bool(proved.exists())


@transaction.atomic
def accept(invitation: WorkspaceInvitation, user: User) -> Membership:
    """Put the invited person into the workspace, once, and show it to them. Raises MemberError.

    Who is in it already keeps the role that may do more.
    """
    invitation = _waiting(invitation, user)
    if not (invitation.is_open and is_for(invitation, user)):
        raise MemberError("This invitation has expired, or is for another address. Nothing was changed.")
    role = Role(invitation.role)
    membership, is_new = Membership.objects.get_or_create(
        workspace=invitation.workspace, user=user, defaults={"role": role}
    )
    if not is_new and not Role(membership.role).includes(role):
        membership.role = role
        membership.save(update_fields=["role"])
    invitation.accepted_at, invitation.accepted_by = timezone.now(), user
    invitation.save(update_fields=["accepted_at", "accepted_by"])
    note(invitation.workspace, What.JOINED, by=user, about=user, detail=role.label)
    user.current_workspace = invitation.workspace
    user.save(update_fields=["current_workspace"])
    return membership


def decline(invitation: WorkspaceInvitation) -> None:
    """End an invitation as the person invited wants it. Raises MemberError where it was accepted or ended meanwhile."""
    with transaction.atomic():
        invitation = _waiting(invitation)
        _end(invitation)
        note(invitation.workspace, What.DECLINED, email=invitation.email)


def open_invitations(workspace: Workspace) -> "QuerySet[WorkspaceInvitation]":
    """Return the invitations of a workspace that nobody answered, the expired ones too, by address."""
    waiting = WorkspaceInvitation.objects.filter(workspace=workspace, accepted_at=None, ended_at=None)
    return waiting.select_related("invited_by").order_by("email")


def is_invited(email: str) -> bool:
    """Tell whether an address has an invitation whose link works: it may sign up where that takes an invitation."""
    waiting = WorkspaceInvitation.objects.filter(email__iexact=email, accepted_at=None, ended_at=None)
    return waiting.filter(expires_at__gt=timezone.now()).exists()


def _waiting(invitation: WorkspaceInvitation, *users: User) -> WorkspaceInvitation:
    """Lock an invitation and return it as it is now. Raises MemberError where it waits no more."""
    lock_people(invitation.workspace_id, *users)
    waiting = WorkspaceInvitation.objects.select_related("workspace").filter(accepted_at=None, ended_at=None)
    found = waiting.filter(pk=invitation.pk, token_sha256=invitation.token_sha256).first()
    if found is None:
        raise MemberError(
            "This invitation was answered, sent anew or taken back meanwhile. Nothing was changed."
        )
    return found


def _end(invitation: WorkspaceInvitation) -> None:
    invitation.ended_at = timezone.now()
    invitation.save(update_fields=["ended_at"])


def _check_rate(address: str, by: User) -> None:
    sent = WorkspaceChange.objects.filter(
        Q(what=What.INVITED) | Q(what=What.SENT_AGAIN), at__gt=timezone.now() - _DAY
    )
    if sent.filter(by=by).count() >= MOST_A_DAY:
        raise MemberError(f"You sent {MOST_A_DAY} invitations within a day. Go on tomorrow.")
    if sent.filter(email=address).count() >= MOST_TO_ONE:
        raise MemberError(f"{address} got {MOST_TO_ONE} invitations within a day. Try again tomorrow.")


def _link(token: str) -> str:
    return f"{settings.PONDER_BASE_URL}{reverse('invitation', args=[token])}"


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
