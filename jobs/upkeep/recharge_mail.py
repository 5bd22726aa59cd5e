"""Emails about money that was added, and about money that a saved card could not add and what its owner can do."""

from django.conf import settings
from django.urls import reverse

from billing.models import AutoRecharge, TopUp, TopUpOrigin
from jobs.mail.enqueue import mail_people
from jobs.models import OutboxKind
from solver.core.money import format_usd, usd_decimal


def mail_top_up(top_up: TopUp) -> None:
    """Email whoever paid that their money is there, with the provider's receipt, unless they switched that off."""
    user, amount = top_up.user, format_usd(top_up.credited_nano)
    if not (user.is_active and user.email and user.notify_of_top_ups):
        return
    base, of = settings.PONDER_BASE_URL, f"?of_workspace={top_up.workspace.public_id}"
    how = " automatically, from your saved card" if top_up.origin == TopUpOrigin.AUTO else ""
    facts = [f"{amount} was added to the wallet of “{top_up.workspace.name}”{how}."]
    if top_up.tax_nano:
        facts.append(f"{format_usd(top_up.tax_nano)} of tax was paid on top.")
    if top_up.receipt_url:
        facts.append(f"Receipt of the payment:\n{top_up.receipt_url}")
    facts.append(f"Wallet:\n{base}{reverse('wallet')}{of}")
    facts.append(f"Choose which emails you get:\n{base}{reverse('settings')}")
    mail_people(
        OutboxKind.PAYMENT,
        to=[user],
        subject=f"{amount} was added to your wallet",
        text="\n\n".join(facts) + "\n",
        key=f"top-up.{top_up.pk}",
    )


def mail_failed_recharge(rule: AutoRecharge) -> None:
    """Email the first decline in a row, the wish of a bank to see its customer, and the end after too many declines."""
    if not (rule.needs_person or rule.failures == 1 or not rule.is_on):
        return
    amount = format_usd(rule.amount_nano)
    mail_people(
        OutboxKind.PAYMENT,
        to=[rule.user] if rule.user.is_active and rule.user.email else [],
        subject=f"{amount} could not be added to your wallet",
        text="\n\n".join([*_facts(rule, amount), *_links(rule)]) + "\n",
        key=f"recharge.{rule.pk}.{rule.changed_at:%Y%m%d%H%M%S%f}",
    )


def _facts(rule: AutoRecharge, amount: str) -> list[str]:
    low = format_usd(rule.threshold_nano)
    facts = [f"Your wallet had less than {low}, so {amount} was to be added from your {rule.card.words}."]
    facts.append("Nothing was charged.")
    if rule.needs_person:
        facts.append(
            "Your bank wants you to confirm the payment yourself. Add the money yourself with the link below; after "
            "that, money is added automatically again."
        )
    elif not rule.is_on:
        facts.append(
            f"Your card was declined {rule.failures} times in a row, so automatic top-ups are switched off now."
        )
    elif rule.paused_until is not None:
        facts.append(
            f"Your card was declined. It is tried again after {rule.paused_until:%Y-%m-%d %H:%M} UTC, then less and less "
            "often; you get no further email until it is switched off."
        )
    return facts


def _links(rule: AutoRecharge) -> list[str]:
    base, of = settings.PONDER_BASE_URL, f"of_workspace={rule.workspace.public_id}"
    amount = f"amount={usd_decimal(rule.amount_nano)}"
    return [
        f"Add {format_usd(rule.amount_nano)} yourself: {base}{reverse('wallet')}?{amount}&{of}",
        f"Change the card, or switch automatic top-ups off: {base}{reverse('auto-recharge')}?{of}",
    ]
