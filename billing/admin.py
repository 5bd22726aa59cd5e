"""Raw rows of the billing room, for staff: to read, never to write."""

from django.contrib import admin

from accounts.admin_site.base import ReadOnlyAdmin
from billing.models import (
    Account,
    AutoRecharge,
    BalanceTransaction,
    Call,
    Dispute,
    Entry,
    MeterEvent,
    Price,
    Refund,
    SavedCard,
    SpendingStop,
    StripeEvent,
    TopUp,
    Transfer,
)


@admin.register(Account)
class AccountAdmin(ReadOnlyAdmin[Account]):
    """Accounts with their balances."""

    list_display = (
        "id",
        "kind",
        "workspace",
        "job_id",
        "job_version",
        "balance_nano",
        "held_nano",
        "closed_at",
    )
    list_filter = ("kind",)
    list_select_related = ("workspace",)
    search_fields = ("job_id",)


@admin.register(Transfer)
class TransferAdmin(ReadOnlyAdmin[Transfer]):
    """Transfers."""

    list_display = ("id", "kind", "key", "job_id", "effective_at")
    list_filter = ("kind",)
    search_fields = ("key",)


@admin.register(Entry)
class EntryAdmin(ReadOnlyAdmin[Entry]):
    """Entries."""

    list_display = ("id", "transfer", "account", "amount_nano")
    list_select_related = ("transfer", "account")
    search_fields = ("transfer__key",)


@admin.register(Call)
class CallAdmin(ReadOnlyAdmin[Call]):
    """Calls."""

    list_display = (
        "id",
        "job_id",
        "step_key",
        "attempt",
        "model",
        "state",
        "hold_nano",
        "cost_nano",
        "billed_nano",
    )
    list_filter = ("state", "model")
    search_fields = ("id", "job_id")


@admin.register(Price)
class PriceAdmin(ReadOnlyAdmin[Price]):
    """The price book."""

    list_display = ("model", "effective_from", "input_pico", "output_pico", "status", "source")
    list_filter = ("status", "provider")
    search_fields = ("model",)


@admin.register(TopUp)
class TopUpAdmin(ReadOnlyAdmin[TopUp]):
    """Top-ups."""

    list_display = (
        "id",
        "workspace",
        "amount_nano",
        "state",
        "credited_nano",
        "reversed_nano",
        "problem",
        "created_at",
    )
    list_filter = ("state",)
    list_select_related = ("workspace",)
    search_fields = ("id", "payment_intent", "checkout_session")


@admin.register(StripeEvent)
class StripeEventAdmin(ReadOnlyAdmin[StripeEvent]):
    """Stripe's inbox."""

    list_display = ("id", "type", "received_at", "processed_at", "attempts", "error")
    list_filter = ("type",)
    search_fields = ("id", "object_id")


@admin.register(SavedCard)
class SavedCardAdmin(ReadOnlyAdmin[SavedCard]):
    """Cards that users saved."""

    list_display = ("id", "workspace", "user", "brand", "last4", "consented_at", "removed_at", "detached_at")
    list_select_related = ("workspace", "user")


@admin.register(AutoRecharge)
class AutoRechargeAdmin(ReadOnlyAdmin[AutoRecharge]):
    """Who has money added automatically."""

    list_display = (
        "workspace",
        "user",
        "is_on",
        "threshold_nano",
        "amount_nano",
        "monthly_cap_nano",
        "failures",
    )
    list_select_related = ("workspace", "user")


@admin.register(Refund)
class RefundAdmin(ReadOnlyAdmin[Refund]):
    """Refunds that were asked for here."""

    list_display = (
        "id",
        "top_up",
        "by",
        "by_staff",
        "cents",
        "state",
        "stripe_refund",
        "problem",
        "created_at",
    )
    list_filter = ("state", "by_staff")
    list_select_related = ("top_up", "by")
    search_fields = ("id", "stripe_refund")


@admin.register(BalanceTransaction)
class BalanceTransactionAdmin(ReadOnlyAdmin[BalanceTransaction]):
    """What moved the balance at Stripe."""

    list_display = (
        "id",
        "type",
        "amount_cents",
        "fee_cents",
        "currency",
        "source",
        "is_ours",
        "created_at",
        "booked_at",
    )
    list_filter = ("type", "is_ours")
    search_fields = ("id", "source", "payment_intent")


@admin.register(Dispute)
class DisputeAdmin(ReadOnlyAdmin[Dispute]):
    """Disputes about top-ups."""

    list_display = ("id", "top_up", "amount_cents", "currency", "status", "reason", "answer_by")
    list_filter = ("status",)
    list_select_related = ("top_up",)


@admin.register(MeterEvent)
class MeterEventAdmin(ReadOnlyAdmin[MeterEvent]):
    """Usage told to Stripe's meter."""

    list_display = ("identifier", "charged_nano", "ended_at", "sent_at", "attempts", "error")
    search_fields = ("identifier",)


@admin.register(SpendingStop)
class SpendingStopAdmin(ReadOnlyAdmin[SpendingStop]):
    """Current and earlier stops: of everything, of providers, of models."""

    list_display = ("what", "scope", "created_at", "by", "reason", "lifted_at", "lifted_by")
    list_select_related = ("by", "lifted_by")
