"""What a job was expected to cost when it was started, beside what it did cost, so that quotes can be measured."""

from django.db import models


class JobQuote(models.Model):
    """The quote of a job's first budget. The outcome stays empty where a raise, a stop or a fault made them differ."""

    job = models.OneToOneField("jobs.Job", models.CASCADE, primary_key=True, related_name="quote")
    strategy = models.CharField(max_length=30)
    kind = models.CharField(max_length=30)
    checked = models.BooleanField(help_text="Whether a checker can prove an answer.")
    budget_nano = models.BigIntegerField()
    cost_p10_nano = models.BigIntegerField()
    cost_p50_nano = models.BigIntegerField()
    cost_p90_nano = models.BigIntegerField()
    time_low_s = models.PositiveIntegerField()
    time_high_s = models.PositiveIntegerField()
    win_probability = models.FloatField(
        help_text="Probability of an answer that is proven, or that reaches the confidence asked for."
    )
    created_at = models.DateTimeField(auto_now_add=True)

    charged_nano = models.BigIntegerField(null=True, blank=True)
    took_s = models.FloatField(null=True, blank=True, help_text="From the first claim to the end.")
    won = models.BooleanField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["-ended_at"], condition=~models.Q(charged_nano=None), name="jobs_quotes_measured"
            ),
        ]

    def __str__(self) -> str:
        return f"quote of {self.job_id}"
