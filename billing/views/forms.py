"""Forms of the money pages: adding money, suspending models, stopping spending."""

from typing import Any

from django import forms

from billing.models import Price
from billing.payments.topups import MAXIMUM_NANO, MINIMUM_NANO
from billing.stops import providers
from solver.core.money import MoneyError, parse_usd

PRESETS = ("5", "20", "50")
CUSTOM = "custom"


class TopUpForm(forms.Form):
    """An amount of dollars; `cleaned_data["amount_nano"]` is what was chosen, in nano-USD."""

    amount = forms.CharField(max_length=40, required=False, initial="20")
    amount_custom = forms.CharField(max_length=40, required=False, strip=True, label="Other amount")
    saves_card = forms.BooleanField(required=False)

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


class SuspendForm(forms.Form):
    """Which model to suspend, and why."""

    model = forms.ChoiceField()
    reason = forms.CharField(max_length=500, label="Reason")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        names = Price.objects.order_by("model").values_list("model", flat=True).distinct()
        model = self.fields["model"]
        assert isinstance(model, forms.ChoiceField)  # declared above
        model.choices = [(name, name) for name in names]


class LiftForm(forms.Form):
    """Which model may be called again, and why."""

    model = forms.CharField(max_length=200, widget=forms.HiddenInput)
    reason = forms.CharField(max_length=500, label="Why it may be called again")


class StopForm(forms.Form):
    """Stop all spending, or all calls to one provider: what, why, and that it is meant."""

    provider = forms.ChoiceField(label="What", required=False)
    reason = forms.CharField(max_length=500, label="Reason")
    sure = forms.BooleanField(
        label="Yes, stop it: every job that needs it waits until somebody lifts the stop."
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        provider = self.fields["provider"]
        assert isinstance(provider, forms.ChoiceField)  # declared above
        provider.choices = [("", "All spending"), *((name, f"Calls to {name}") for name in providers())]


class StartForm(forms.Form):
    """Let spending go on, and why."""

    provider = forms.CharField(max_length=60, required=False, widget=forms.HiddenInput)
    reason = forms.CharField(max_length=500, label="Why spending may go on")
