"""The form that closes an account."""

from typing import Any

from django import forms

from accounts.models import User


class CloseAccountForm(forms.Form):
    """The address, typed, and where there is paid money a tick that gives it up."""

    address = forms.CharField(
        max_length=254,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "off", "spellcheck": "false"}),
    )
    give_up = forms.BooleanField(required=False)

    def __init__(self, *arguments: Any, user: User, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self._user = user
        self.fields["address"].label = f"To confirm, type {user.email}"

    def clean_address(self) -> str:
        """Refuse anything but the account's own address: what is typed cannot be clicked by mistake."""
        typed: str = self.cleaned_data["address"].strip()
        if typed.lower() != self._user.email.lower():
            raise forms.ValidationError(f"Type {self._user.email}, the address of this account.")
        return typed
