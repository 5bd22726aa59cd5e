"""The money of an account that closes: what its user gives up is booked, so that the books still balance."""

from django.utils import timezone

from accounts.models import Workspace
from billing.books.ledger import PROMOTION, REVENUE, account_of, post
from billing.models import AccountKind, AutoRecharge, SavedCard, StripeEvent, TopUp, TransferKind


def give_up_money(workspace: Workspace) -> int:
    """Move what a workspace has to the house, in the caller's transaction; return the paid part in nano-USD.

    Trial credit goes back to promotion, paid money becomes revenue. Repeating it changes nothing.
    """
    wallet, trial = (account_of(workspace, kind) for kind in (AccountKind.WALLET, AccountKind.TRIAL))
    goes_to = {wallet: REVENUE, trial: PROMOTION}
    for account in sorted(goes_to, key=lambda account: account.pk):  # as every other transaction locks them
        if nano := account.available_nano:
            post(
                key=f"given-up:{account.pk}",
                kind=TransferKind.ADJUSTMENT,
                amounts={account.pk: -nano, goes_to[account]: nano},
                memo="given up when the account was closed",
            )
    return wallet.available_nano


def forget_payment_details(workspace: Workspace) -> None:
    """Delete what Stripe told of the payer of a workspace's top-ups; amounts and Stripe's own ids stay.

    Saved cards are removed (the sweep has Stripe forget them), and nothing is charged by itself any more.
    """
    top_ups = TopUp.objects.filter(workspace=workspace)
    named = [
        name for pair in top_ups.values_list("checkout_session", "payment_intent") for name in pair if name
    ]
    StripeEvent.objects.filter(object_id__in=named).exclude(processed_at=None).update(payload={})
    top_ups.update(checkout_url="")
    AutoRecharge.objects.filter(workspace=workspace).update(is_on=False)
    SavedCard.objects.filter(workspace=workspace, removed_at=None).update(removed_at=timezone.now())
    SavedCard.objects.filter(workspace=workspace).update(brand="", last4="", exp_month=0, exp_year=0)
