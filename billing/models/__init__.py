"""Tables of the billing room. All amounts are integer nano-USD (1e-9 USD)."""

from billing.models.audit import AuditRun
from billing.models.call import Call, CallState
from billing.models.call_sum import CallSum, CallSumMark
from billing.models.card import AutoRecharge, SavedCard, StripeCustomer
from billing.models.correction import Correction, CorrectionKind, CorrectionState
from billing.models.ledger import (
    FIRST_USER_ACCOUNT,
    SYSTEM_ACCOUNTS,
    Account,
    AccountKind,
    Entry,
    Transfer,
    TransferKind,
)
from billing.models.meter_event import MeterEvent
from billing.models.model_sum import AnomalyKind, CallAnomaly, ModelSum
from billing.models.price import Price, PriceStatus
from billing.models.price_draft import PriceDraft, PriceSource
from billing.models.reconciliation import ItemState, ProviderReport, ReconciliationItem, ReconciliationRun
from billing.models.refund import Refund, RefundState
from billing.models.second_opinion import SecondOpinion
from billing.models.stop import SpendingStop, StopScope
from billing.models.stripe_balance import BalanceTransaction, Dispute
from billing.models.topup import StripeEvent, TopUp, TopUpOrigin, TopUpState
from billing.models.trial import TrialGrant

__all__ = [
    "FIRST_USER_ACCOUNT",
    "SYSTEM_ACCOUNTS",
    "Account",
    "AccountKind",
    "AnomalyKind",
    "AuditRun",
    "AutoRecharge",
    "BalanceTransaction",
    "Call",
    "CallAnomaly",
    "CallState",
    "CallSum",
    "CallSumMark",
    "Correction",
    "CorrectionKind",
    "CorrectionState",
    "Dispute",
    "Entry",
    "ItemState",
    "MeterEvent",
    "ModelSum",
    "Price",
    "PriceDraft",
    "PriceSource",
    "PriceStatus",
    "ProviderReport",
    "ReconciliationItem",
    "ReconciliationRun",
    "Refund",
    "RefundState",
    "SavedCard",
    "SecondOpinion",
    "SpendingStop",
    "StopScope",
    "StripeCustomer",
    "StripeEvent",
    "TopUp",
    "TopUpOrigin",
    "TopUpState",
    "Transfer",
    "TransferKind",
    "TrialGrant",
]
