"""The price book: append-only rows of rates, each holding from its date until the next one."""

from django.db import models
from django.db.models import Q


class PriceStatus(models.TextChoices):
    """Only an active price lets a model run."""

    DRAFT = "draft"
    ACTIVE = "active"
    RETIRED = "retired"


class Price(models.Model):
    """Rates of one model from one moment on, in pico-USD (1e-12 USD) per token and nano-USD per request."""

    model = models.CharField(
        max_length=200, help_text="The name Ponder and litellm use, such as openai/gpt-5-mini."
    )
    provider = models.CharField(max_length=60)
    effective_from = models.DateTimeField()
    input_pico = models.BigIntegerField()
    cache_read_pico = models.BigIntegerField(null=True, blank=True, help_text="Empty: the input rate.")
    cache_write_pico = models.BigIntegerField(null=True, blank=True, help_text="Empty: the input rate.")
    cache_write_1h_pico = models.BigIntegerField(
        null=True,
        blank=True,
        help_text="Of what is kept for an hour. Empty: the rate of what is kept for minutes.",
    )
    output_pico = models.BigIntegerField()
    reasoning_pico = models.BigIntegerField(null=True, blank=True, help_text="Empty: the output rate.")
    request_nano = models.BigIntegerField(default=0, help_text="A fee per call.")
    audio_pico = models.BigIntegerField(
        null=True, blank=True, help_text="Of audio in a prompt. Empty: the input rate."
    )
    search_nano = models.BigIntegerField(
        default=0, db_default=0, help_text="A fee per web search that the provider makes."
    )
    tiers = models.JSONField(
        default=list,
        blank=True,
        help_text=(
            "Rates for long prompts and of service tiers: a list of {above_prompt_tokens, service (empty: standard), "
            "input_pico, cache_read_pico, cache_write_pico, cache_write_1h_pico, output_pico}."
        ),
    )
    windows = models.JSONField(
        default=list,
        blank=True,
        help_text=(
            "Rates of some hours, by when the reply comes: a list of {weekdays (1 Monday to 7 Sunday), from_minute, "
            "to_minute (of the day, UTC), input_pico, cache_read_pico, cache_write_pico, cache_write_1h_pico, "
            "output_pico}."
        ),
    )
    context_window = models.PositiveIntegerField(help_text="Tokens of prompt and output together.")
    max_output_tokens = models.PositiveIntegerField()
    reasons = models.BooleanField(
        default=False, help_text="Thinks out of sight before it answers, unless told not to."
    )
    sees = models.BooleanField(default=False, db_default=False, help_text="Can be shown pictures.")
    calls_tools = models.BooleanField(default=False, db_default=False, help_text="Calls tools.")
    ends = models.DateField(null=True, blank=True, help_text="When its provider ceases to serve it.")
    status = models.CharField(max_length=10, choices=PriceStatus, default=PriceStatus.DRAFT)
    source = models.CharField(max_length=255, blank=True)
    source_sha256 = models.CharField(max_length=64, blank=True)
    approved_by = models.ForeignKey("accounts.User", models.PROTECT, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["model", "effective_from"], name="billing_one_price_per_moment"),
            models.CheckConstraint(
                condition=Q(input_pico__gte=0, output_pico__gte=0, request_nano__gte=0, search_nano__gte=0),
                name="billing_rates_not_negative",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.model} from {self.effective_from:%Y-%m-%d}"
