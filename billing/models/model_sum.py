"""Tokens and waste of finished calls by model and quarter of an hour, beside the sums of `CallSum`."""

from django.db import models


class ModelSum(models.Model):
    """What the settled calls to one model in one quarter of an hour used, and what of it was of no use.

    `input_nano`, `cache_read_nano`, `cache_write_nano` and `reasoning_nano` are the parts of the cost that fall to those
    classes of tokens by the rates that were charged, `fee_nano` the fees per use; the rest falls to visible output.
    `again` are second and later attempts at a step, `mute` replies without a visible word, `doubt_nano` what was reserved
    for calls that nobody answered.
    """

    quarter = models.DateTimeField(help_text="When it begins. No time zone in use cuts a quarter of an hour.")
    model = models.CharField(max_length=200)
    settled = models.PositiveIntegerField()
    cost_nano = models.BigIntegerField()
    input_tokens = models.BigIntegerField()
    cache_read_tokens = models.BigIntegerField()
    cache_write_tokens = models.BigIntegerField()
    output_tokens = models.BigIntegerField()
    reasoning_tokens = models.BigIntegerField()
    input_nano = models.BigIntegerField()
    cache_read_nano = models.BigIntegerField()
    cache_write_nano = models.BigIntegerField()
    reasoning_nano = models.BigIntegerField()
    fee_nano = models.BigIntegerField()
    again = models.PositiveIntegerField()
    again_nano = models.BigIntegerField()
    mute = models.PositiveIntegerField()
    mute_nano = models.BigIntegerField()
    doubts = models.PositiveIntegerField()
    doubt_nano = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["quarter", "model"], name="billing_one_model_sum"),
        ]

    def __str__(self) -> str:
        return f"{self.model} from {self.quarter:%Y-%m-%d %H:%M}"


class AnomalyKind(models.TextChoices):
    """Why a call is worth a look."""

    OUTLIER = "outlier", "cost ten times its model's median"
    NEAR_HOLD = "near_hold", "cost more than nine tenths of its hold"
    ZERO_COST = "zero_cost", "cost nothing"
    NO_USAGE = "no_usage", "named no usage"


class CallAnomaly(models.Model):
    """One thing that is odd about one call, noted when finished calls are summed."""

    call = models.ForeignKey("billing.Call", models.PROTECT, related_name="+", db_constraint=False)
    kind = models.CharField(max_length=12, choices=AnomalyKind)
    model = models.CharField(max_length=200)
    cost_nano = models.BigIntegerField()
    usual_nano = models.BigIntegerField(
        help_text="The model's median (outlier) or the call's hold (the others)."
    )
    finished_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "call anomalies"
        constraints = [
            models.UniqueConstraint(fields=["call", "kind"], name="billing_one_anomaly_of_a_kind"),
        ]
        indexes = [
            models.Index(fields=["kind", "finished_at"], name="billing_anomaly_by_time"),
        ]

    def __str__(self) -> str:
        return f"{self.kind}: {self.call_id}"
