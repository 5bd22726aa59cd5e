"""The only cost formula: tokens times pico-USD rates, rounded up once per call to nano-USD.

Units: rates in pico-USD (1e-12 USD) per token, fees and costs in nano-USD (1e-9 USD), prompts in bytes or tokens.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from typing import Any

from solver.core.money import PICO_PER_NANO

PROMPT_OVERHEAD_TOKENS = 64
"""Tokens that chat templates add around messages, per call; part of every bound."""

BASIS_POINTS = 10_000

FLEX = "flex"
"""The service tier of calls that are slower, and refused for want of capacity: half the price at OpenAI and Gemini."""
BATCH = "batch"
"""The service tier of calls that a provider answers together, within hours: half the price, too."""


@dataclass(frozen=True, slots=True)
class Tier:
    """Rates for prompts longer than `above_prompt_tokens`, of a `service` tier that the reply names (none: standard)."""

    above_prompt_tokens: int
    input_pico: int
    output_pico: int
    cache_read_pico: int | None = None
    cache_write_pico: int | None = None
    cache_write_1h_pico: int | None = None
    service: str = ""


@dataclass(frozen=True, slots=True)
class Window:
    """Rates of some hours: on `weekdays` (1 Monday to 7 Sunday), from minute to minute of the day, in UTC."""

    weekdays: Sequence[int]
    from_minute: int
    to_minute: int
    input_pico: int
    output_pico: int
    cache_read_pico: int | None = None
    cache_write_pico: int | None = None
    cache_write_1h_pico: int | None = None

    def has(self, at: datetime) -> bool:
        """Whether a moment lies in it."""
        moment = at.astimezone(UTC)
        minute = 60 * moment.hour + moment.minute
        return moment.isoweekday() in self.weekdays and self.from_minute <= minute < self.to_minute


@dataclass(frozen=True, slots=True)
class Rates:
    """What one model costs. None means: as the input (cache, audio), the output (reasoning) or the shorter write's rate.

    `audio_pico` is the rate of audio in a prompt, `search_nano` the fee of each web search that the provider made.

    A bound counts the dearest of all rates of the standard service, which is what calls ask for unless their card says
    otherwise (`asked_at`); a cost counts those of the service that the reply names, of a long prompt, or of the hour at
    which the reply came.
    """

    input_pico: int
    output_pico: int
    cache_read_pico: int | None = None
    cache_write_pico: int | None = None
    cache_write_1h_pico: int | None = None
    reasoning_pico: int | None = None
    request_nano: int = 0
    audio_pico: int | None = None
    search_nano: int = 0
    tiers: Sequence[Tier] = ()
    windows: Sequence[Window] = ()

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Rates":
        """Return the rates in a dictionary, also of another release: what this one does not know is left out."""
        known = {each.name: data[each.name] for each in fields(cls) if each.name in data}
        known["tiers"] = tuple(Tier(**tier) for tier in data.get("tiers", ()))
        known["windows"] = tuple(Window(**window) for window in data.get("windows", ()))
        return cls(**known)

    def has_service(self, service: str) -> bool:
        """Whether a service tier has rates of its own here, for prompts of any length."""
        return any(tier.service == service and not tier.above_prompt_tokens for tier in self.tiers)

    def asked_at(self, service: str) -> "Rates":
        """Return the rates that bound a call which asks for a service tier: its own, or these where it has none."""
        if not service or not self.has_service(service):
            return self
        plain, *longer = sorted(
            (tier for tier in self.tiers if tier.service == service),
            key=lambda tier: tier.above_prompt_tokens,
        )
        return Rates(
            plain.input_pico,
            plain.output_pico,
            plain.cache_read_pico,
            plain.cache_write_pico,
            plain.cache_write_1h_pico,
            request_nano=self.request_nano,
            audio_pico=self.audio_pico,
            search_nano=self.search_nano,
            tiers=tuple(replace(tier, service="") for tier in longer),
        )

    def _others(self) -> "list[Tier | Window]":
        return [*(tier for tier in self.tiers if not tier.service), *self.windows]

    def worst_input_pico(self) -> int:
        """Return the highest rate a prompt token can be charged."""
        picos = [_input_picos(each)[name] for each in (self, *self._others()) for name in range(4)]
        return max(*picos, self.audio_pico or 0)

    def worst_output_pico(self) -> int:
        """Return the highest rate an output token can be charged."""
        return max(
            [
                self.output_pico,
                self.reasoning_pico or 0,
                *(each.output_pico for each in self._others()),
            ]
        )

    def base(
        self, prompt_tokens: int, *, service: str = "", at: datetime | None = None
    ) -> "Rates | Tier | Window":
        """Return the rates of a call: of its service tier and its prompt's size, else of its hour, else the plain ones.

        A service that has no rates here is charged as the standard one.
        """
        known = service if any(tier.service == service for tier in self.tiers) else ""
        tier = max(
            (t for t in self.tiers if t.service == known and prompt_tokens > t.above_prompt_tokens),
            key=lambda t: t.above_prompt_tokens,
            default=None,
        )
        window = next((window for window in self.windows if at is not None and window.has(at)), None)
        return tier or window or self


def _input_picos(base: Rates | Tier | Window) -> tuple[int, int, int, int]:
    """Return what a prompt token costs plain, read from the cache, written for minutes, and written for an hour."""
    plain = base.input_pico
    read = plain if base.cache_read_pico is None else base.cache_read_pico
    write = plain if base.cache_write_pico is None else base.cache_write_pico
    return plain, read, write, write if base.cache_write_1h_pico is None else base.cache_write_1h_pico


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one call. Cache tokens are part of `input_tokens`, reasoning tokens of `output_tokens`.

    Tokens written to the cache for an hour are part of `cache_write_tokens`, those of audio that was heard and of images
    that were seen part of `input_tokens`; images cost what text does. `service` is the tier that the reply names,
    `searches` the web searches that the provider made.
    """

    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    reasoning_tokens: int = 0
    cache_write_1h_tokens: int = 0
    service: str = ""
    audio_tokens: int = 0
    searches: int = 0
    image_tokens: int = 0


def cost_nano(rates: Rates, usage: Usage, *, at: datetime | None = None) -> int:
    """Return the provider's cost of a call whose reply came `at` a moment in nano-USD, rounded up once.

    Without a moment rates of some hours do not count.
    """
    base = rates.base(usage.input_tokens, service=usage.service, at=at)
    input_pico, cache_read_pico, cache_write_pico, cache_write_1h_pico = _input_picos(base)
    has_own_output = isinstance(base, Window) or (isinstance(base, Tier) and bool(base.service))
    reasoning_pico = (
        base.output_pico
        if rates.reasoning_pico is None or has_own_output
        else max(rates.reasoning_pico, base.output_pico)
    )
    audio_pico = input_pico if rates.audio_pico is None else max(rates.audio_pico, input_pico)
    cached = usage.cache_read_tokens + usage.cache_write_tokens
    # Cached tokens may be of audio, too: those have their own rate.
    audio = min(usage.audio_tokens, max(usage.input_tokens - cached, 0))
    plain_input = max(usage.input_tokens - cached - audio, 0)
    plain_output = max(usage.output_tokens - usage.reasoning_tokens, 0)
    pico = (
        plain_input * input_pico
        + audio * audio_pico
        + usage.cache_read_tokens * cache_read_pico
        + (usage.cache_write_tokens - usage.cache_write_1h_tokens) * cache_write_pico
        + usage.cache_write_1h_tokens * cache_write_1h_pico
        + plain_output * base.output_pico
        + usage.reasoning_tokens * reasoning_pico
    )
    return -(-pico // PICO_PER_NANO) + rates.request_nano + usage.searches * rates.search_nano


def billed_nano(cost_nano: int, markup_bp: int) -> int:
    """Return what the user pays for a provider cost under a markup in basis points, rounded up."""
    return -(-cost_nano * (BASIS_POINTS + markup_bp) // BASIS_POINTS)


def bound_nano(rates: Rates, *, prompt_tokens: int, max_output_tokens: int) -> int:
    """Return the most a call can cost (provider side): worst rates, prompt overhead included."""
    pico = (prompt_tokens + PROMPT_OVERHEAD_TOKENS) * rates.worst_input_pico()
    pico += max_output_tokens * rates.worst_output_pico()
    return -(-pico // PICO_PER_NANO) + rates.request_nano


def affordable_output_tokens(
    rates: Rates, *, prompt_tokens: int, billed_room_nano: int, markup_bp: int
) -> int:
    """Return the largest output cap whose billed bound fits into `billed_room_nano`; −1: the prompt alone does not."""
    cost_room = billed_room_nano * BASIS_POINTS // (BASIS_POINTS + markup_bp)
    resources = cost_room - bound_nano(rates, prompt_tokens=prompt_tokens, max_output_tokens=0)
    if resources < 0:
        return -1
    worst = rates.worst_output_pico()
    # A free model has no price limit; the model's own maximum limits it.
    return resources * PICO_PER_NANO // worst if worst else 2**31
