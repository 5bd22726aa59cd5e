"""Money of a top-up that goes back: refunds, disputes, and what returns of them. Amounts are nano-USD."""

from accounts.models import User, Workspace
from billing.books.ledger import STRIPE_CLEARING, TAX, account_of, debt_nano, lock_accounts, post
from billing.models import Account, AccountKind, Refund, RefundState, TopUp, TopUpState, TransferKind
from billing.payments.stripe_api.payments import Payment
from solver.core.money import NANO_PER_CENT


def match_reversals(top_up: TopUp, payment: Payment) -> None:
    """Book refunds and disputes as far as they are now; less than before means that money came back.

    Belongs into the transaction that locked the top-up. A refund of ours that Stripe does not know yet counts as made.
    """
    rows = list(Refund.objects.filter(top_up=top_up).exclude(state=RefundState.FAILED))
    if rows and payment.refunds is None:
        return  # Stripe was asked before there were any: whoever asked for the refund asks again.
    unseen_cents = sum(row.cents for row in rows if _follow(row, payment))
    total_nano = top_up.credited_nano + top_up.tax_nano
    target_nano = min((payment.taken_back_cents + unseen_cents) * NANO_PER_CENT, total_nano)
    is_back = target_nano < top_up.reversed_nano
    reverse(top_up, target_nano - top_up.reversed_nano, memo=_words(payment, is_back=is_back))


def _follow(row: Refund, payment: Payment) -> bool:
    """Make a refund's row say what Stripe says of it; return whether Stripe has not heard of it."""
    at_stripe = (payment.refunds or {}).get(str(row.pk))
    if at_stripe is None:
        return row.state == RefundState.PENDING
    row.stripe_refund = at_stripe.id
    if at_stripe.has_failed:
        row.state, row.problem = RefundState.FAILED, "The bank did not take it."
    else:
        row.state = RefundState.DONE if at_stripe.status == "succeeded" else RefundState.SENT
    row.save(update_fields=["stripe_refund", "state", "problem"])
    return False


def reverse(top_up: TopUp, change_nano: int, *, memo: str, actor: User | None = None) -> None:
    """Take so much of a top-up back (negative: return it), in the transaction that locked it; the caller saves it.

    Its part of the taxes is no longer owed. The rest is unspent wallet money as far as it reaches; the workspace owes
    what is missing, and what comes back pays such debts first.
    """
    if not change_nano:
        return
    after_nano = top_up.reversed_nano + change_nano
    taxes = tax_within(top_up, after_nano) - tax_within(top_up, top_up.reversed_nano)
    wallet, receivable, debt = lock_purses(top_up.workspace)
    to_user = taxes - change_nano
    to_wallet = max(to_user, -wallet.available_nano) if to_user < 0 else to_user - min(to_user, max(debt, 0))
    post(
        key=f"stripe:pi:{top_up.payment_intent}:reversal:{top_up.reversals + 1}",
        kind=TransferKind.REFUND,
        amounts={
            STRIPE_CLEARING: change_nano,
            TAX: -taxes,
            wallet.pk: to_wallet,
            receivable: to_user - to_wallet,
        },
        stripe_object=top_up.payment_intent,
        memo=memo,
        actor=actor,
    )
    top_up.reversals += 1
    top_up.reversed_nano = after_nano
    is_all = after_nano >= top_up.credited_nano + top_up.tax_nano
    top_up.state = TopUpState.REFUNDED if is_all else TopUpState.CREDITED


def tax_within(top_up: TopUp, nano: int) -> int:
    """Return which part of so much of a payment is taxes, rounded up: nobody gets back more than they put in."""
    return -(-nano * top_up.tax_nano // (top_up.credited_nano + top_up.tax_nano))


def lock_purses(workspace: Workspace) -> tuple[Account, int, int]:
    """Lock the wallet; return it, the id of the receivable account and the debt on it."""
    wallet, receivable = (
        account_of(workspace, AccountKind.WALLET),
        account_of(workspace, AccountKind.RECEIVABLE),
    )
    lock_accounts([wallet.pk])
    wallet.refresh_from_db()
    return wallet, receivable.pk, debt_nano(workspace)


def _words(payment: Payment, *, is_back: bool) -> str:
    if is_back:
        return (
            "a dispute was decided for you" if payment.is_disputed else "a refund failed, the money is back"
        )
    if payment.disputed_cents:
        return "refunded or disputed" if payment.refunded_cents else "the payment was disputed"
    return "the payment was refunded"
