"""Passkeys: keys that a device keeps, and that sign their owner in without a password or a code."""

from collections.abc import Callable
from typing import Any

from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn.forms import AddWebAuthnForm
from django import forms
from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404

from accounts.models import User

_LONGEST_NAME = 60


class PasskeyAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    """Names passkeys, and this site towards the devices that keep them."""

    def generate_authenticator_name(self, user: User, type: Authenticator.Type) -> str:  # noqa: A002
        """Return what a new passkey is called until its owner renames it."""
        count = Authenticator.objects.filter(user_id=user.pk, type=type).count()
        return "Passkey" if not count else f"Passkey {count + 1}"

    def _get_site_name(self) -> str:
        return str(settings.MFA_TOTP_ISSUER)


class AddPasskeyForm(AddWebAuthnForm):  # type: ignore[misc]
    """Takes a new passkey. Each signs in by itself: a key that does not is refused."""

    name = forms.CharField(required=False, max_length=_LONGEST_NAME)

    def clean(self) -> dict[str, Any]:
        """Refuse a key that did not ask its owner for a fingerprint, a face or a PIN."""
        self.cleaned_data["passwordless"] = True
        cleaned: dict[str, Any] = super().clean()
        return cleaned


def own_passkey(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Open a view of one passkey to its owner; for others it does not exist, whether they just signed in or not."""

    def door(request: HttpRequest, pk: int) -> HttpResponseBase:
        get_object_or_404(Authenticator, pk=pk, user_id=request.user.pk, type=Authenticator.Type.WEBAUTHN)
        return view(request, pk=pk)

    return door
