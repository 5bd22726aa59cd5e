"""Verbs of the accounts room: make users with their personal workspace, invite, sign in by a one-time link."""

import hashlib
import secrets
from datetime import timedelta

from allauth.account.models import EmailAddress
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.auth import update_session_auth_hash
from django.db import transaction
from django.db.models import Case, F, Value, When
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from accounts.models import Membership, Role, SignInLink, User, Workspace
from accounts.sign_in.sessions import note_session
from accounts.signals import workspace_created

OPERATOR_EMAIL = "operator@localhost.localdomain"
SIGN_IN_LINK_TTL = timedelta(hours=24)
OWNERS_FIRST = Case(When(role=Role.OWNER, then=Value(0)), default=Value(1))
"""Orders memberships."""


# With “’s workspace” behind it, it fits the name of a workspace.
_LONGEST_NAME = 100


def ensure_personal_workspace(user: User, *, operator: bool = False) -> Workspace:
    """Return the workspace that is the user's own, making it (and telling `workspace_created`) where there is none.

    It is the first that they own or, where they own none, the first that they are in.
    """
    with transaction.atomic():
        # The lock makes two first requests of one user agree on one workspace.
        User.objects.select_for_update(no_key=True).get(pk=user.pk)
        mine = Membership.objects.filter(user=user).select_related("workspace")
        if membership := mine.order_by(OWNERS_FIRST, "pk").first():
            return membership.workspace
        workspace = Workspace.objects.create(name=f"{user.get_short_name()[:_LONGEST_NAME]}’s workspace")
        Membership.objects.create(workspace=workspace, user=user, role=Role.OWNER)
        workspace_created.send(sender=Workspace, workspace=workspace, owner=user, operator=operator)
    return workspace


def ready_user() -> User:
    """Return the installation's own user (staff, with a workspace and the operator's credit), making it if needed."""
    with transaction.atomic():
        user = User.objects.filter(email=OPERATOR_EMAIL).first()
        if user is None:
            user = User.objects.create_superuser(OPERATOR_EMAIL, name="Operator")
        _verify_address(user)
        ensure_personal_workspace(user, operator=True)
    return user


def _verify_address(user: User) -> None:
    EmailAddress.objects.update_or_create(
        user=user, email=user.email, defaults={"verified": True, "primary": True}
    )


def sign_in_link(user: User, base_url: str | None = None) -> str:
    """Return a new address that signs `user` in once within 24 hours."""
    token = secrets.token_urlsafe(32)
    SignInLink.objects.create(
        token_sha256=_digest(token), user=user, expires_at=timezone.now() + SIGN_IN_LINK_TTL
    )
    return (base_url or settings.PONDER_BASE_URL).rstrip("/") + reverse("sign-in-link", args=[token])


def redeem_sign_in_link(token: str) -> User | None:
    """Use up a link's token and return its user. None: unknown, used, expired, or the user is inactive."""
    links = SignInLink.objects.filter(
        token_sha256=_digest(token), used_at=None, expires_at__gt=timezone.now(), user__is_active=True
    )
    # The database decides who of two clicks wins.
    if not links.update(used_at=timezone.now()):
        return None
    return SignInLink.objects.select_related("user").get(token_sha256=_digest(token)).user


def end_other_sessions(request: HttpRequest, user: User) -> None:
    """Sign the user out everywhere but in this session, and void the sign-in links that were made."""
    User.objects.filter(pk=user.pk).update(session_epoch=F("session_epoch") + 1)
    user.refresh_from_db(fields=["password", "session_epoch"])
    user.sign_in_links.all().delete()
    UserSession.objects.filter(user=user).delete()
    if request.user.pk == user.pk:
        update_session_auth_hash(request, user)
        note_session(request)


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
