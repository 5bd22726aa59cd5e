"""Addresses of the money pages."""

from django.urls import path

from billing.views import cards, refunds, topup, wallet, webhook
from billing.views.staff import (
    exports,
    opinions,
    payments,
    prices,
    reconciliation,
    review,
    spending,
    stripe,
    suspension,
)
from billing.views.staff import refunds as staff_refunds

urlpatterns = [
    path("wallet/", wallet.wallet, name="wallet"),
    path("wallet/ledger.csv", wallet.wallet_csv, name="wallet-csv"),
    path("wallet/automatic/", cards.auto_recharge, name="auto-recharge"),
    path("wallet/cards/<uuid:card_id>/remove/", cards.card_remove, name="card-remove"),
    path("wallet/payments/", refunds.payments, name="payments"),
    path("wallet/refund/", refunds.refund, name="refund"),
    path("wallet/portal/", cards.portal, name="portal"),
    path("wallet/top-up/", topup.topup_start, name="topup-start"),
    path("wallet/top-up/<uuid:top_up_id>/", topup.topup_return, name="topup-return"),
    path("stripe/webhook/", webhook.stripe_webhook, name="stripe-webhook"),
    path("staff/costs/", review.costs, name="cost-review"),
    path("staff/costs/lines.csv", review.costs_csv, name="cost-review-csv"),
    path("staff/costs/journal.csv", exports.journal_csv, name="cost-review-journal"),
    path("staff/costs/focus.csv", exports.focus_csv, name="cost-review-focus"),
    path("staff/costs/jobs/<uuid:job_id>/", review.calls, name="cost-review-calls"),
    path("staff/costs/jobs/<uuid:job_id>/calls.csv", review.calls_csv, name="cost-review-calls-csv"),
    path("staff/costs/open/", review.open_calls, name="cost-review-open"),
    path("staff/costs/open/calls.csv", review.open_calls_csv, name="cost-review-open-csv"),
    path("staff/costs/opinions/", opinions.opinions, name="cost-review-opinions"),
    path("staff/costs/prices/", prices.prices, name="cost-review-prices"),
    path("staff/costs/prices/drafts/", prices.drafts, name="price-drafts"),
    path("staff/costs/prices/drafts/import/", prices.import_prices, name="price-drafts-import"),
    path("staff/costs/prices/drafts/approve/", prices.approve_prices, name="price-drafts-approve"),
    path("staff/costs/reconciliation/", reconciliation.reconciliation, name="reconciliation"),
    path("staff/costs/reconciliation/items.csv", reconciliation.items_csv, name="reconciliation-csv"),
    path("staff/costs/reconciliation/upload/", reconciliation.upload, name="reconciliation-upload"),
    path("staff/costs/reconciliation/<int:item_id>/", reconciliation.item, name="reconciliation-item"),
    path(
        "staff/costs/reconciliation/<int:item_id>/decide/",
        reconciliation.decide,
        name="reconciliation-decide",
    ),
    path("staff/costs/payments/", payments.payments, name="cost-review-payments"),
    path("staff/costs/payments/retry/", payments.retry_event, name="cost-review-event-retry"),
    path("staff/costs/payments/close/", payments.close_payment, name="cost-review-payment-close"),
    path("staff/costs/stripe/", stripe.stripe_page, name="stripe"),
    path("staff/costs/stripe/fetch/", stripe.fetch_events, name="stripe-fetch"),
    path("staff/costs/refunds/", staff_refunds.staff_refunds, name="staff-refunds"),
    path("staff/costs/suspended/", suspension.suspensions, name="cost-review-suspensions"),
    path("staff/costs/suspended/lift/", suspension.lift_suspension, name="cost-review-suspension-lift"),
    path("staff/costs/spending/", spending.spending, name="spending"),
    path("staff/costs/spending/stop/", spending.stop, name="spending-stop"),
    path("staff/costs/spending/start/", spending.start, name="spending-start"),
    path("staff/costs/prices.csv", prices.prices_csv, name="cost-review-prices-csv"),
]
