"""Prompts that begin alike cost less: what providers keep of them, and which calls of a wave wait for the first one.

A cache holds a prefix once a call with it was answered. Calls that are sent side by side before that all pay the whole
price, so where the saving is worth more than the delay, one of them goes ahead.
"""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace

from solver.core.models import ModelCard
from solver.core.money import NANO_PER_CENT, PICO_PER_NANO
from solver.core.pricing import billed_nano
from solver.core.steps import Step
from solver.text.prompting.prompt_shape import problem_first, shared_prefix

_LEAST_TOKENS: Mapping[str, int] = {"gemini": 2_048, "deepseek": 64}
"""The shortest prefix that a provider keeps, in tokens, by its name."""
_LEAST_TOKENS_ELSEWHERE = 1_024
_MARKED = frozenset({"anthropic"})
"""Providers that keep what is marked alone; others keep what prompts share by themselves."""
_BYTES_PER_TOKEN = 4
_KEPT_S = 300.0
_TOKENS_PER_S = 50
_MINUTE_NANO = NANO_PER_CENT
"""What it is worth to a person not to wait for a minute."""


def is_kept(card: ModelCard, prefix: str) -> bool:
    """Tell whether a provider keeps a prefix and reads it for less than its plain price."""
    rates = card.asked_rates
    is_cheaper = rates.cache_read_pico is not None and rates.cache_read_pico < rates.input_pico
    return is_cheaper and _tokens(prefix) >= _LEAST_TOKENS.get(card.family, _LEAST_TOKENS_ELSEWHERE)


def as_sent(step: Step, card: ModelCard) -> Step:
    """Return a step with its prompt as it is sent: with the problem first, but for the bundled models.

    Writing to a marked cache costs a quarter more and reading a tenth, so that it pays from the second call on.
    """
    if card.bundled or not step.messages:
        return step
    plain = problem_first(step.messages)
    is_marked = card.family in _MARKED and is_kept(card, shared_prefix(plain))
    return replace(step, messages=problem_first(step.messages, is_marked=True) if is_marked else plain)


def saving_nano(card: ModelCard, prefix: str, others: int, *, markup_bp: int) -> int:
    """Return what so many calls save that find a prefix kept, in nano-USD."""
    rates = card.asked_rates
    if not is_kept(card, prefix) or rates.cache_read_pico is None:
        return 0
    writes = rates.cache_write_pico if card.family in _MARKED else None
    missed = rates.input_pico if writes is None else writes
    return billed_nano(
        others * _tokens(prefix) * (missed - rates.cache_read_pico) // PICO_PER_NANO, markup_bp
    )


def is_worth_waiting(card: ModelCard, prefix: str, others: int, *, markup_bp: int, may_wait: bool) -> bool:
    """Tell whether so many calls are to wait for one that goes ahead: time is money unless the job may wait."""
    delay_nano = 0 if may_wait else _MINUTE_NANO * card.output.q50 // (60 * _TOKENS_PER_S)
    saved = saving_nano(card, prefix, others, markup_bp=markup_bp)
    return saved > 0 and saved >= delay_nano


def _tokens(prefix: str) -> int:
    return len(prefix.encode("utf-8", "replace")) // _BYTES_PER_TOKEN


class PrefixCaches:
    """What is known to be kept at providers while a job runs, by model and prefix; times on the runner's clock."""

    def __init__(
        self,
        panel: Mapping[str, ModelCard],
        *,
        markup_bp: int,
        may_wait: bool,
        clock: Callable[[], float],
    ) -> None:
        self._panel, self._markup_bp, self._may_wait, self._clock = panel, markup_bp, may_wait, clock
        self._kept_until_s: dict[tuple[str, str], float] = {}
        self._ahead: dict[str, tuple[str, str]] = {}
        """The model and prefix of calls that others wait for, by step."""

    def admitted(self, steps: Sequence[Step], beside: Collection[str] = ()) -> list[Step]:
        """Return the steps of a wave to be started now; the others are asked for again once the first is answered.

        Those `beside`, by their keys, wait for nobody.
        """
        waves = Counter(self._place(step) for step in steps if step.key not in beside)
        admitted = []
        for step in steps:
            place = self._place(step)
            if step.key in beside or not place[1] or self._is_kept(place):
                admitted.append(step)
            elif place not in self._ahead.values():
                admitted.append(step)
                if waves[place] > 1 and self._pays(place, waves[place] - 1):
                    self._ahead[step.key] = place
        return admitted

    def ended(self, step: Step, *, is_answered: bool) -> None:
        """Note that a call came home: what it began with is kept for some minutes if it was answered."""
        if is_answered:
            self._kept_until_s[self._place(step)] = self._clock() + _KEPT_S
        self._ahead.pop(step.key, None)

    def _place(self, step: Step) -> tuple[str, str]:
        return step.model, shared_prefix(step.messages)

    def _is_kept(self, place: tuple[str, str]) -> bool:
        return self._kept_until_s.get(place, float("-inf")) > self._clock()

    def _pays(self, place: tuple[str, str], others: int) -> bool:
        return is_worth_waiting(
            self._panel[place[0]], place[1], others, markup_bp=self._markup_bp, may_wait=self._may_wait
        )
