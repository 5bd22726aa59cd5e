"""A provider's report of a call's tokens, read anew: not by the engine's reader, whose mistakes it shall show."""

from collections.abc import Mapping
from typing import Any

_PATHS: dict[str, tuple[tuple[str, ...], ...]] = {
    "input_tokens": (("prompt_tokens",), ("input_tokens",)),
    "output_tokens": (("completion_tokens",), ("output_tokens",)),
    "cache_read_tokens": (
        ("prompt_tokens_details", "cached_tokens"),
        ("input_tokens_details", "cached_tokens"),
        ("cache_read_input_tokens",),
        ("cached_tokens",),
        ("prompt_cache_hit_tokens",),
    ),
    "cache_write_tokens": (
        ("prompt_tokens_details", "cache_write_tokens"),
        ("input_tokens_details", "cache_write_tokens"),
        ("prompt_tokens_details", "cache_creation_tokens"),
        ("cache_creation_input_tokens",),
    ),
    "cache_write_1h_tokens": (
        ("prompt_tokens_details", "cache_creation_token_details", "ephemeral_1h_input_tokens"),
    ),
    "output_reasoning_tokens": (
        ("completion_tokens_details", "reasoning_tokens"),
        ("output_tokens_details", "reasoning_tokens"),
    ),
    "input_audio_tokens": (
        ("prompt_tokens_details", "audio_tokens"),
        ("input_tokens_details", "audio_tokens"),
    ),
    "output_audio_tokens": (("completion_tokens_details", "audio_tokens"),),
}


def reported_tokens(usage: Mapping[str, Any]) -> dict[str, int]:
    """Return the counts of a report by genai-prices' names for them; those of 0 are left out but for input and output."""
    found = {name: _first(usage, paths) for name, paths in _PATHS.items()}
    return {
        name: count for name, count in found.items() if count or name in {"input_tokens", "output_tokens"}
    }


def _first(usage: Mapping[str, Any], paths: tuple[tuple[str, ...], ...]) -> int:
    """Return the first count that is more than nothing."""
    for path in paths:
        value: Any = usage
        for key in path:
            value = value.get(key) if isinstance(value, Mapping) else None
        if type(value) is int and value > 0:
            return value
    return 0
