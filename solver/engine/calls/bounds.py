"""The most a call can cost, decided before it is made.

Bytes bound tokens for byte-level tokenizers, so a prompt's bytes stand for its tokens. The output cap is
N_max = min(model's limit, a quantile of the model's total output, what the money buys); the quantile is q99.5 (at
least four times the median) while money is ample and q90 when it is scarce. A call whose cap lies below the median is
refused: a reasoning model cut short is billed and comes back empty.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from solver.core.models import ModelCard
from solver.core.money import PICO_PER_NANO
from solver.core.pricing import affordable_output_tokens, billed_nano, bound_nano
from solver.core.request import Message

_BYTES_PER_MESSAGE = 16
_BYTES_PER_TOOL_CALL = 64
_TOOLS_LEAD_TOKENS = 800
"""What providers say of tools on their own account before a prompt that has some."""
_AMPLE_CALLS = 20


@dataclass(frozen=True, slots=True)
class Bound:
    """A call's hold (what the user could pay at most, nano-USD) and its output cap (tokens), at a service tier."""

    hold_nano: int
    max_output_tokens: int
    prompt_bytes: int
    service: str = ""


def prompt_bytes(messages: Sequence[Message], functions: Sequence[Mapping[str, Any]] = ()) -> int:
    """Return an upper bound of a prompt's tokens: its bytes in UTF-8, a little for each message, pictures and tools."""
    return sum(map(_message_bytes, messages)) + _functions_bytes(functions)


def _message_bytes(message: Message) -> int:
    size = len(message.content.encode("utf-8", "replace")) + _BYTES_PER_MESSAGE
    if message.pictures:
        size += sum(picture.most_tokens for picture in message.pictures)
    for call in message.tool_calls:
        # Arguments go out as JSON within JSON.
        size += len(json.dumps([call.id, call.name, call.arguments])) + _BYTES_PER_TOOL_CALL
    return size + len(message.answers_call.encode("utf-8", "replace"))


def _functions_bytes(functions: Sequence[Mapping[str, Any]]) -> int:
    return len(json.dumps(list(functions))) + _TOOLS_LEAD_TOKENS if functions else 0


def bound_call(
    card: ModelCard,
    size_bytes: int,
    *,
    budget_left_nano: int,
    markup_bp: int,
    may_cut_short: bool = False,
    at_length: bool = False,
    allowed_nano: int | None = None,
) -> Bound | None:
    """Return the bound of a call with `budget_left_nano` to spend, or None where the call is not worth making.

    `may_cut_short` skips the median rule, for the final write-up. `at_length` allows a long reply even where money is
    not ample. `allowed_nano` is what a person has allowed for it: it is made within that, if that is worth a call.
    """
    ceiling = _ceiling(card, size_bytes)
    generous = min(ceiling, max(card.output.q995, 4 * card.output.q50))
    ample = _AMPLE_CALLS * _billed_bound(card, size_bytes, generous, markup_bp) <= budget_left_nano
    wanted = generous if ample or at_length else min(ceiling, _long_tokens(card))
    bought = affordable_output_tokens(
        card.asked_rates, prompt_tokens=size_bytes, billed_room_nano=budget_left_nano, markup_bp=markup_bp
    )
    cap = min(wanted, bought)
    least = 1 if may_cut_short else max(min(card.output.q50, ceiling), 1)
    if cap < least:
        return None
    if allowed_nano and allowed_nano < _billed_bound(card, size_bytes, cap, markup_bp):
        within = affordable_output_tokens(
            card.asked_rates, prompt_tokens=size_bytes, billed_room_nano=allowed_nano, markup_bp=markup_bp
        )
        cap = within if within >= least else cap
    return Bound(_billed_bound(card, size_bytes, cap, markup_bp), cap, size_bytes, card.service)


def least_budget_left_nano(card: ModelCard, size_bytes: int, markup_bp: int) -> int:
    """Return the least `budget_left_nano` with which `bound_call` allows a call: prompt and median reply, rounded up."""
    median = max(min(card.output.q50, _ceiling(card, size_bytes)), 1)
    prompt = bound_nano(card.asked_rates, prompt_tokens=size_bytes, max_output_tokens=0)
    return billed_nano(prompt - (-median * card.asked_rates.worst_output_pico() // PICO_PER_NANO), markup_bp)


def least_hold_nano(card: ModelCard, size_bytes: int, markup_bp: int) -> int:
    """Return the smallest hold for which `bound_call` allows a call: that of a reply of median length."""
    return _billed_bound(card, size_bytes, min(card.output.q50, _ceiling(card, size_bytes)), markup_bp)


def long_hold_nano(card: ModelCard, size_bytes: int, markup_bp: int) -> int:
    """Return the hold that `bound_call` wants where money is scarce: that of a reply longer than nine in ten."""
    return _billed_bound(card, size_bytes, min(_long_tokens(card), _ceiling(card, size_bytes)), markup_bp)


def typical_nano(card: ModelCard, size_bytes: int, markup_bp: int) -> int:
    """Return what a call of median length costs the user, about."""
    tokens = typical_prompt_tokens(card, size_bytes)
    return billed_nano(
        bound_nano(card.asked_rates, prompt_tokens=tokens, max_output_tokens=card.output.q50), markup_bp
    )


def typical_prompt_tokens(card: ModelCard, size_bytes: int) -> int:
    """Return how many tokens a prompt usually has, about: some four bytes each, a puzzle model's one."""
    return size_bytes // 4 if card.writes else size_bytes


def least_prompt_tokens(card: ModelCard, size_bytes: int) -> int:
    """Return how many tokens a prompt of running text has at least, about: some have five bytes, puzzles' under two.

    An estimate, to tell what is hopeless. What may be charged is bounded by the bytes.
    """
    return size_bytes // 5 if card.writes else size_bytes * 3 // 5


def fits(card: ModelCard, size_bytes: int) -> bool:
    """Tell whether the model's context window may have room for the prompt and a reply of median length."""
    return least_prompt_tokens(card, size_bytes) + card.output.q50 <= card.context_window


def _billed_bound(card: ModelCard, size_bytes: int, cap: int, markup_bp: int) -> int:
    return billed_nano(
        bound_nano(card.asked_rates, prompt_tokens=size_bytes, max_output_tokens=cap), markup_bp
    )


def _long_tokens(card: ModelCard) -> int:
    return max(card.output.q90, card.output.q50)


def _ceiling(card: ModelCard, size_bytes: int) -> int:
    """Return the longest reply the model can give after this prompt, whose tokens may be a quarter of its bytes."""
    return min(card.max_output_tokens, max(card.context_window - size_bytes, card.context_window // 4))
