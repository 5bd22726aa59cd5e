"""The books: accounts, transfers and their entries. Entries are never edited; a correction is a new transfer."""

from django.db import models
from django.db.models import F, Q


class AccountKind(models.TextChoices):
    """What an account stands for. Wallets, trial credit and escrows belong to users; the rest is the house's."""

    WALLET = "wallet"
    TRIAL = "trial"
    ESCROW = "escrow"
    RECEIVABLE = "receivable"
    REVENUE = "revenue"
    PROVIDER_COST = "provider_cost"
    PROVIDER_PAYABLE = "provider_payable"
    STRIPE_CLEARING = "stripe_clearing"
    STRIPE_FEES = "stripe_fees"
    SUSPENSE = "suspense"
    HOUSE_OVERRUN = "house_overrun"
    PROMOTION = "promotion"
    TAX = "tax"
    BANK = "bank"


class Account(models.Model):
    """One account. `balance_nano` is kept (and floored at what is held) for users' accounts only: no system row is hot.

    Balances follow from entries (trigger `billing_entry_check`); the database refuses to write them any other way.
    """

    kind = models.CharField(max_length=20, choices=AccountKind)
    workspace = models.ForeignKey(
        "accounts.Workspace", models.PROTECT, null=True, blank=True, related_name="accounts"
    )
    job_id = models.UUIDField(
        null=True,
        blank=True,
        help_text="The job whose escrow this is; billing stores nothing else about jobs.",
    )
    job_version = models.PositiveIntegerField(
        default=0, help_text="The job's version: continuing an ended job opens a new escrow."
    )
    is_floored = models.BooleanField(
        default=False, help_text="The balance is stored and never falls below what is held."
    )
    balance_nano = models.BigIntegerField(default=0)
    held_nano = models.BigIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)
    closed_at = models.DateTimeField(
        null=True, blank=True, help_text="When the job's escrow returned what was left."
    )

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(held_nano__gte=0), name="billing_held_not_negative"),
            models.CheckConstraint(
                condition=Q(is_floored=False) | Q(balance_nano__gte=F("held_nano")), name="billing_floor"
            ),
            models.CheckConstraint(
                condition=Q(is_floored=True) | Q(balance_nano=0, held_nano=0),
                name="billing_no_hot_system_rows",
            ),
            models.UniqueConstraint(
                fields=["kind", "workspace"],
                condition=Q(job_id=None),
                nulls_distinct=False,
                name="billing_one_account_per_kind",
            ),
            models.UniqueConstraint(
                fields=["kind", "job_id", "job_version"],
                condition=~Q(job_id=None),
                name="billing_one_escrow_per_version",
            ),
        ]

        indexes = [
            models.Index(fields=["closed_at"], condition=Q(kind="escrow"), name="billing_escrow_closed"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.workspace_id or ''} {self.job_id or ''}".strip()

    @property
    def available_nano(self) -> int:
        """What can still be spent or held."""
        return self.balance_nano - self.held_nano


SYSTEM_ACCOUNTS: dict[AccountKind, int] = {
    AccountKind.REVENUE: 1,
    AccountKind.PROVIDER_COST: 2,
    AccountKind.PROVIDER_PAYABLE: 3,
    AccountKind.STRIPE_CLEARING: 4,
    AccountKind.STRIPE_FEES: 5,
    AccountKind.SUSPENSE: 6,
    AccountKind.HOUSE_OVERRUN: 7,
    AccountKind.PROMOTION: 8,
    AccountKind.TAX: 9,
    AccountKind.BANK: 10,
}
"""Fixed ids of the house's accounts, as the SQL functions know them; users' accounts begin at FIRST_USER_ACCOUNT."""

FIRST_USER_ACCOUNT = 1000


class TransferKind(models.TextChoices):
    """Why money moved."""

    TRIAL = "trial", "trial credit"
    GRANT = "grant", "credit from the operator"
    TOP_UP = "top_up", "top-up"
    REFUND = "refund", "refund or dispute"
    ESCROW = "escrow", "reserved for a job"
    RELEASE = "release", "unspent money returned from a job"
    DEBT = "debt", "payment of an open debt"
    CALL = "call", "model call"
    ACCRUAL = "accrual", "call in doubt, carried by the house"
    BILL = "bill", "provider's bill, in place of what was reserved for calls in doubt"
    ADJUSTMENT = "adjustment", "adjustment"
    FEE = "fee", "fee of Stripe"
    PAYOUT = "payout", "payout of Stripe"


class Transfer(models.Model):
    """One movement of money; its key makes it happen at most once."""

    kind = models.CharField(max_length=20, choices=TransferKind)
    key = models.CharField(max_length=200, help_text="Idempotency key, such as call:<uuid>.")
    job_id = models.UUIDField(null=True, blank=True)
    call = models.ForeignKey(
        "billing.Call", models.PROTECT, null=True, blank=True, related_name="transfers", db_index=False
    )
    stripe_object = models.CharField(max_length=255, blank=True)
    memo = models.CharField(max_length=255, blank=True)
    actor = models.ForeignKey("accounts.User", models.PROTECT, null=True, blank=True, related_name="+")
    effective_at = models.DateTimeField()

    class Meta:
        # A named constraint, because unique=True would add a second index for LIKE. Calls are found by their key.
        constraints = [models.UniqueConstraint(fields=["key"], name="billing_transfer_once")]
        indexes = [
            models.Index(fields=["job_id"], condition=~Q(kind="call"), name="billing_transfer_of_job"),
            models.Index(
                fields=["kind", "effective_at"],
                condition=~Q(kind__in=["call", "escrow", "release"]),
                name="billing_transfer_by_time",
            ),
        ]

    def __str__(self) -> str:
        return self.key


class Entry(models.Model):
    """One side of a transfer. Append-only; all sides of a transfer come in one INSERT and sum to zero (triggers)."""

    transfer = models.ForeignKey(Transfer, models.PROTECT, related_name="entries")
    # No database constraint: checking it would lock the house's few accounts in every transaction; the trigger checks.
    account = models.ForeignKey(
        Account, models.PROTECT, related_name="entries", db_constraint=False, db_index=False
    )
    amount_nano = models.BigIntegerField()

    class Meta:
        verbose_name_plural = "entries"
        constraints = [models.CheckConstraint(condition=~Q(amount_nano=0), name="billing_entry_not_zero")]
        indexes = [
            models.Index(
                fields=["account", "id"],
                condition=Q(account__gte=FIRST_USER_ACCOUNT),
                name="billing_entry_of_user",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.amount_nano} nano-USD on {self.account_id}"
