"""Celery's side of the accounts room."""

from datetime import timedelta

from allauth.account.models import EmailAddress
from celery import shared_task
from django.db import transaction
from django.utils import timezone

from accounts.closing import anonymise
from accounts.models import User

UNVERIFIED_KEPT = timedelta(days=1)
"""How long an account may wait for its owner to prove that its address is theirs."""


@shared_task(name="accounts.tasks.delete_unverified")
def delete_unverified() -> int:
    """Delete the accounts that signed up but never proved their address, so that nobody holds it; return how many.

    Accounts that staff made have no address of allauth's yet, and stay. One that has a workspace (older versions made
    it at sign-up) only loses its address: the books name it.
    """
    addresses = EmailAddress.objects.all()
    users = User.objects.filter(
        pk__in=addresses.values("user"),
        date_joined__lt=timezone.now() - UNVERIFIED_KEPT,
        last_login=None,
        is_staff=False,
        is_active=True,
    ).exclude(pk__in=addresses.filter(verified=True).values("user"))
    with transaction.atomic():
        waiting = list(users.select_for_update(skip_locked=True))
        for user in waiting:
            if user.memberships.exists():
                anonymise(user)
            else:
                user.delete()
    return len(waiting)
