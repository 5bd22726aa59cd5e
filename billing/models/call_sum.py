"""Sums of finished calls by quarter of an hour, so that the cost review need not read every call."""

from django.db import models


class CallSum(models.Model):
    """What the calls of one job to one model came to in one quarter of an hour. Finished calls never change."""

    quarter = models.DateTimeField(help_text="When it begins. No time zone in use cuts a quarter of an hour.")
    model = models.CharField(max_length=200)
    workspace_id = models.BigIntegerField()
    job_id = models.UUIDField()
    settled = models.PositiveIntegerField()
    void = models.PositiveIntegerField()
    in_doubt = models.PositiveIntegerField()
    cost_nano = models.BigIntegerField()
    billed_nano = models.BigIntegerField()
    overrun_nano = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["quarter", "model", "workspace_id", "job_id"], name="billing_one_call_sum"
            )
        ]

    def __str__(self) -> str:
        return f"{self.model} in {self.job_id} from {self.quarter:%Y-%m-%d %H:%M}"


class CallSumMark(models.Model):
    """The one row that says up to when finished calls are summed; later ones are read one by one."""

    until = models.DateTimeField()

    def __str__(self) -> str:
        return f"summed until {self.until:%Y-%m-%d %H:%M}"
