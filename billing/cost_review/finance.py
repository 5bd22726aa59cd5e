"""The books of a period for someone from finance: what was paid from what, waste, what is owed, Stripe, and tokens.

Amounts are nano-USD. A period's days are those of the site's time zone, as in the other sums.
"""

from dataclasses import dataclass, fields
from typing import Any

from django.db import connection
from django.db.models import Count, Q, Sum

from billing.cost_review.sums import Scope
from billing.cost_review.users_money import UsersMoney, users_money
from billing.models import BalanceTransaction, ReconciliationItem
from billing.payments.balance import ACCOUNT_FEES, PAYOUTS
from solver.core.money import NANO_PER_CENT

_PART = """
WITH mark AS (SELECT coalesce(max(until), '-infinity') AS until FROM billing_callsummark), part AS (
    SELECT model, settled, cost_nano, input_tokens, cache_read_tokens, cache_write_tokens, output_tokens,
        reasoning_tokens, input_nano, cache_read_nano, cache_write_nano, reasoning_nano, fee_nano, again, again_nano,
        mute, mute_nano, doubts, doubt_nano
    FROM billing_modelsum WHERE quarter >= %(since)s AND quarter < %(until)s
    UNION ALL
    SELECT model, settled, cost_nano, input_tokens, cache_read_tokens, cache_write_tokens, output_tokens,
        reasoning_tokens, input_nano, cache_read_nano, cache_write_nano, reasoning_nano, fee_nano, again, again_nano,
        mute, mute_nano, doubts, doubt_nano
    FROM billing_model_part
    WHERE finished_at >= greatest(%(since)s, (SELECT until FROM mark)) AND finished_at < %(until)s
)
"""
_ENDED = """
SELECT p.kind, -coalesce(sum(o.amount_nano), 0)::bigint
FROM billing_account a
JOIN billing_transfer t ON t.job_id = a.job_id AND t.kind <> 'call' AND t.kind IN ('escrow', 'release')
JOIN billing_entry e ON e.transfer_id = t.id AND e.account_id = a.id
JOIN billing_entry o ON o.transfer_id = t.id
JOIN billing_account p ON p.id = o.account_id AND p.kind IN ('wallet', 'trial')
WHERE a.kind = 'escrow' AND a.closed_at >= %s AND a.closed_at < %s
GROUP BY 1
"""
# What a job has left goes back as its own money first, at most as much as came from the wallet (billing.books.escrow).
_LIABILITY = """
SELECT kind, coalesce(sum(balance_nano), 0)::bigint FROM billing_account
WHERE is_floored AND kind IN ('wallet', 'trial') GROUP BY 1
UNION ALL
SELECT own.kind, coalesce(sum(own.nano), 0)::bigint
FROM billing_account a
CROSS JOIN LATERAL (
    SELECT least(a.balance_nano, coalesce(-sum(o.amount_nano), 0)) AS nano
    FROM billing_transfer t
    JOIN billing_entry e ON e.transfer_id = t.id AND e.account_id = a.id
    JOIN billing_entry o ON o.transfer_id = t.id
    JOIN billing_account p ON p.id = o.account_id AND p.kind = 'wallet'
    WHERE t.job_id = a.job_id AND t.kind <> 'call' AND t.kind = 'escrow'
) AS paid
CROSS JOIN LATERAL (VALUES ('escrow', paid.nano), ('trial escrow', a.balance_nano - paid.nano)) AS own (kind, nano)
WHERE a.kind = 'escrow' AND a.closed_at IS NULL GROUP BY 1
"""
MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class ModelLine:
    """One model's settled calls of a period: tokens, cost by class, and what was of no use (see ModelSum)."""

    model: str
    settled: int = 0
    cost_nano: int = 0
    input_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    output_tokens: int = 0
    reasoning_tokens: int = 0
    input_nano: int = 0
    cache_read_nano: int = 0
    cache_write_nano: int = 0
    reasoning_nano: int = 0
    fee_nano: int = 0
    again: int = 0
    again_nano: int = 0
    mute: int = 0
    mute_nano: int = 0
    doubts: int = 0
    doubt_nano: int = 0

    @property
    def provider(self) -> str:
        """The provider, as litellm names it."""
        return self.model.partition("/")[0]

    @property
    def plain_tokens(self) -> int:
        """Input tokens that were neither read from nor written to a cache."""
        return self.input_tokens - self.cache_read_tokens - self.cache_write_tokens

    @property
    def visible_tokens(self) -> int:
        """Output tokens that were not reasoning."""
        return self.output_tokens - self.reasoning_tokens

    @property
    def output_nano(self) -> int:
        """The part of the cost that falls to visible output."""
        others_nano = self.input_nano + self.cache_read_nano + self.cache_write_nano + self.reasoning_nano
        return self.cost_nano - others_nano - self.fee_nano

    @property
    def input_per_million_nano(self) -> int | None:
        """Effective price of a million plain input tokens."""
        return _per_million(self.input_nano, self.plain_tokens)

    @property
    def cache_read_per_million_nano(self) -> int | None:
        """Effective price of a million tokens read from a cache."""
        return _per_million(self.cache_read_nano, self.cache_read_tokens)

    @property
    def cache_write_per_million_nano(self) -> int | None:
        """Effective price of a million tokens written to a cache, for whatever time."""
        return _per_million(self.cache_write_nano, self.cache_write_tokens)

    @property
    def output_per_million_nano(self) -> int | None:
        """Effective price of a million visible output tokens."""
        return _per_million(self.output_nano, self.visible_tokens)

    @property
    def reasoning_per_million_nano(self) -> int | None:
        """Effective price of a million reasoning tokens."""
        return _per_million(self.reasoning_nano, self.reasoning_tokens)

    @property
    def per_million_nano(self) -> int | None:
        """Effective price of a million tokens, whatever their class, fees per use included."""
        return _per_million(self.cost_nano, self.input_tokens + self.output_tokens)

    @property
    def cache_percent(self) -> int:
        """Which part of the input was read from a cache."""
        return 100 * self.cache_read_tokens // self.input_tokens if self.input_tokens else 0

    @property
    def reasoning_percent(self) -> int:
        """Which part of the output was reasoning."""
        return 100 * self.reasoning_tokens // self.output_tokens if self.output_tokens else 0


@dataclass(frozen=True, slots=True)
class ProviderLine:
    """What one provider's calls of a period cost, what is reserved for those in doubt, and what its reports bill.

    `posted_nano` is what was posted beyond that so that the books say what was billed.
    """

    provider: str
    cost_nano: int
    doubt_nano: int
    reported_nano: int | None = None
    posted_nano: int = 0

    @property
    def payable_nano(self) -> int:
        """What the books owe the provider for the period now."""
        return self.cost_nano + self.doubt_nano + self.posted_nano


@dataclass(frozen=True, slots=True)
class Finance:
    """All figures of the page. `ended_*`: what jobs that ended in the period spent; liabilities are those of now.

    `wallets_nano` and `escrows_nano` are users' own money, `trial_nano` and `trial_escrows_nano` trial credit: free, and
    with running jobs.
    """

    models: list[ModelLine]
    total: ModelLine
    providers: list[ProviderLine]
    ended_paid_nano: int
    ended_trial_nano: int
    wallets_nano: int
    escrows_nano: int
    trial_nano: int
    trial_escrows_nano: int
    users: UsersMoney
    stripe_gross_nano: int
    stripe_fees_nano: int
    paid_out_nano: int
    has_stripe: bool

    @property
    def liability_nano(self) -> int:
        """What the house owes its users: their own money, free and with running jobs, without trial credit."""
        return self.wallets_nano + self.escrows_nano

    @property
    def stripe_net_nano(self) -> int:
        """What is left of payments after Stripe's fees."""
        return self.stripe_gross_nano - self.stripe_fees_nano


def finance(scope: Scope, *, charged_nano: int | None = None) -> Finance:
    """Return the figures of a period, for one model where the scope names one.

    `charged_nano` is what users were billed for all models, where that is known already.
    """
    models = model_lines(scope)
    period = [scope.since, scope.until]
    ended, owed = dict(_rows(_ENDED, period)), dict(_rows(_LIABILITY, []))
    stripe = _stripe(scope)
    return Finance(
        models=models,
        total=_total(models),
        providers=_providers(scope, models),
        ended_paid_nano=ended.get("wallet", 0),
        ended_trial_nano=ended.get("trial", 0),
        wallets_nano=owed.get("wallet", 0),
        escrows_nano=owed.get("escrow", 0),
        trial_nano=owed.get("trial", 0),
        trial_escrows_nano=owed.get("trial escrow", 0),
        users=users_money(scope, charged_nano=charged_nano),
        stripe_gross_nano=stripe["gross"] * NANO_PER_CENT,
        stripe_fees_nano=(stripe["fees"] - stripe["account_fees"]) * NANO_PER_CENT,
        paid_out_nano=-stripe["payouts"] * NANO_PER_CENT,
        has_stripe=bool(stripe["rows"]),
    )


def model_lines(scope: Scope) -> list[ModelLine]:
    """Return the models of a period, the dearest first."""
    names = [field.name for field in fields(ModelLine) if field.name != "model"]
    sums = ", ".join(f"coalesce(sum({name}), 0)::bigint" for name in names)
    query = (
        f"{_PART} SELECT model, {sums} FROM part WHERE %(model)s = '' OR model = %(model)s "  # noqa: S608  (our texts)
        "GROUP BY 1 ORDER BY 3 DESC, 1"
    )
    with connection.cursor() as cursor:
        cursor.execute(query, {"since": scope.since, "until": scope.until, "model": scope.model})
        return [ModelLine(*row) for row in cursor.fetchall()]


def _total(models: list[ModelLine]) -> ModelLine:
    names = [field.name for field in fields(ModelLine) if field.name != "model"]
    return ModelLine("Total", *(sum(getattr(line, name) for line in models) for name in names))


def _providers(scope: Scope, models: list[ModelLine]) -> list[ProviderLine]:
    """Return the providers of a period; their reports count UTC days, which are named as ours are."""
    items = ReconciliationItem.objects.filter(day__gte=scope.first_day, day__lte=scope.last_day)
    if scope.model:
        items = items.filter(model=scope.model)
    sums = items.values_list("provider").annotate(
        billed=Sum("billed_nano"), posted=Sum("payable_posted_nano")
    )
    reported = {name: both for name, *both in sums.order_by()}
    names = dict.fromkeys([*(line.provider for line in models), *sorted(reported)])
    return [
        ProviderLine(
            name,
            sum(line.cost_nano for line in models if line.provider == name),
            sum(line.doubt_nano for line in models if line.provider == name),
            *reported.get(name, ()),
        )
        for name in names
    ]


def _stripe(scope: Scope) -> dict[str, Any]:
    is_payout, is_fee = Q(type__in=PAYOUTS), Q(type__in=ACCOUNT_FEES)
    ours = BalanceTransaction.objects.filter(
        is_ours=True, currency="usd", created_at__gte=scope.since, created_at__lt=scope.until
    )
    found = ours.aggregate(
        rows=Count("pk"),
        gross=Sum("amount_cents", filter=~is_payout & ~is_fee, default=0),
        fees=Sum("fee_cents", default=0),
        account_fees=Sum("amount_cents", filter=is_fee, default=0),
        payouts=Sum("amount_cents", filter=is_payout, default=0),
    )
    return dict(found)


def _rows(query: str, values: list[Any]) -> list[tuple[str, int]]:
    with connection.cursor() as cursor:
        cursor.execute(query, values)
        found: list[tuple[str, int]] = cursor.fetchall()
        return found


def _per_million(nano: int, tokens: int) -> int | None:
    return nano * MILLION // tokens if tokens else None
