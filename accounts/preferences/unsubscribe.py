"""One-click unsubscribing (RFC 8058): a signed address in each email, which needs no sign-in."""

from django.conf import settings
from django.core import signing
from django.urls import reverse

from accounts.models import User

_SALT = "ponder.unsubscribe"


def unsubscribe_address(user: User) -> str:
    """Return the address that turns off all email about jobs for this user. It never expires: old emails have it."""
    token: str = signing.dumps(user.pk, salt=_SALT)
    return f"{settings.PONDER_BASE_URL}{reverse('unsubscribe', args=[token])}"


def user_of(token: str) -> User | None:
    """Return whose token this is. None: it was not made here, or the user is gone."""
    try:
        pk = signing.loads(token, salt=_SALT)
    except signing.BadSignature:
        return None
    return User.objects.filter(pk=pk, is_active=True).first()


def unsubscribe(user: User) -> None:
    """Turn off all email about jobs; sign-in codes are still sent."""
    User.objects.filter(pk=user.pk).update(
        notify_when_done=False,
        notify_when_exhausted=False,
        notify_when_stuck=False,
        notify_when_asked=False,
        notify_of_receipts=False,
        notify_when_failed=False,
    )
