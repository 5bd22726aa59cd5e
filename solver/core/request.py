"""One call as the engine sees it: what is asked, and what came back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from solver.core.models import ModelCard
from solver.core.pricing import Usage


@dataclass(frozen=True, slots=True)
class Message:
    """One chat message."""

    role: str
    content: str


@dataclass(frozen=True, slots=True)
class Request:
    """One call: which model, what it is shown, and how much it may say. `seed` is sent to bundled models only.

    `at_length` asks a model that reasons for its highest effort.
    """

    card: ModelCard
    messages: Sequence[Message]
    max_output_tokens: int
    seed: int
    at_length: bool = False


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back. `usage` is None where the provider sent none: it is never guessed here.

    `served_model` is the name that the reply gives its model: that behind an alias.
    """

    text: str
    reasoning: str
    finish_reason: str
    usage: Usage | None
    raw_usage: Mapping[str, Any] | None
    provider_ref: str
    served_model: str = ""
