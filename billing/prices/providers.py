"""Providers whose prices sources publish, as litellm names them. Light: web processes ask for them, too."""

from billing.prices.shipped_list import shipped_models

UNLISTED = (
    "azure",
    "bedrock",
    "cerebras",
    "cohere",
    "dashscope",
    "fireworks_ai",
    "minimax",
    "moonshot",
    "novita",
    "openrouter",
    "perplexity",
    "vertex_ai",
    "zai",
)
"""Providers of which the shipped list has no model; commands import any other that a source knows, too."""
_OWN = frozenset({"demo"})


def listed_providers() -> list[str]:
    """Return the providers of the shipped list whose prices sources publish."""
    return sorted({shipped.provider for shipped in shipped_models()} - _OWN)


def importable_providers() -> list[str]:
    """Return those and the others."""
    return sorted({*listed_providers(), *UNLISTED})
