"""What the accounts room does when allauth tells something."""

from typing import Any

from allauth.account.internal.flows.login import get_authentication_records
from allauth.account.models import EmailAddress
from allauth.account.signals import (
    email_confirmed,
    email_removed,
    password_changed,
    password_reset,
    password_set,
)
from allauth.mfa.signals import authenticator_added
from django.dispatch import receiver
from django.http import HttpRequest

from accounts.models import User
from accounts.services import end_other_sessions, ensure_personal_workspace


@receiver(email_confirmed, dispatch_uid="accounts.give_to_the_owner_of_the_mailbox")
def give_to_the_owner_of_the_mailbox(*, request: HttpRequest, email_address: EmailAddress, **_: Any) -> None:
    """Void a password that another may have chosen, and give the account, now somebody's, a workspace.

    Anybody can make an account for any address. Who then proves to read its mail, in a session that did not also prove
    to know the password, gets an account that nobody else can enter: a new unusable password ends other sessions too.
    """
    user = User.objects.get(pk=email_address.user_id)
    if not _knows_the_password(request, user):
        user.sign_in_links.all().delete()
        user.set_unusable_password()
        user.save(update_fields=["password"])
    ensure_personal_workspace(user)


def _knows_the_password(request: HttpRequest, user: User) -> bool:
    """Whether this session is signed in as the user, or got past the password on its way to the code."""
    if request.user.pk == user.pk:
        return True
    return any(record["method"] == "password" for record in get_authentication_records(request, user))


@receiver(email_removed, dispatch_uid="accounts.remember_the_address")
def remember_the_address(*, user: User, email_address: EmailAddress, **_: Any) -> None:
    """Note an address that its user takes away, until the account is closed."""
    user.former_emails = sorted({*user.former_emails, email_address.email.lower()})
    user.save(update_fields=["former_emails"])


@receiver(
    [password_changed, password_set, password_reset, authenticator_added],
    dispatch_uid="accounts.end_what_was_before",
)
def end_what_was_before(*, request: HttpRequest, user: User, **_: Any) -> None:
    """End other sessions and sign-in links: whoever changes how they sign in wants nobody else to be in."""
    end_other_sessions(request, user)
