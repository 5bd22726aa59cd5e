"""The form that adds money: a preset or another amount."""

from typing import Any

from django import forms

from billing.topups import MAXIMUM_NANO, MINIMUM_NANO
from solver.money import MoneyError, parse_usd

PRESETS = ("5", "20", "50")
CUSTOM = "custom"


class TopUpForm(forms.Form):
    """An amount of dollars; `cleaned_data["amount_nano"]` is what was chosen, in nano-USD."""

    amount = forms.CharField(max_length=40, required=False, initial="20")
    amount_custom = forms.CharField(max_length=40, required=False, strip=True, label="Other amount")

    def clean(self) -> dict[str, Any]:
        """Read whichever amount was chosen."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        chosen = cleaned.get("amount") or CUSTOM
        typed = cleaned.get("amount_custom", "") if chosen == CUSTOM else chosen
        try:
            cleaned["amount_nano"] = parse_usd(
                typed, name="Amount", minimum_nano=MINIMUM_NANO, maximum_nano=MAXIMUM_NANO
            )
        except MoneyError as error:
            self.add_error("amount_custom", str(error))
        return cleaned
