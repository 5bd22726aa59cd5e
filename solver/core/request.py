"""One call as the engine sees it: what is asked, and what came back."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

from solver.core.models import ModelCard
from solver.core.pricing import Usage


@dataclass(frozen=True, slots=True)
class PictureRef:
    """A picture that a model is shown: `ref` names it for whoever holds its bytes (JPEG)."""

    ref: str
    width: int
    height: int

    @property
    def most_tokens(self) -> int:
        """Return an upper bound of its tokens: of today's models the dearest count one for some 270 pixels."""
        return 400 + self.width * self.height // 250


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A model's wish to use a tool; its arguments are the text that it wrote, JSON as a rule. `id` is the provider's."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Message:
    """One chat message; its pictures follow its text. `kept_chars` of it are what other calls begin with, too.

    A provider that wants to be told is told to keep so much. `tool_calls` are what a message of the role `assistant`
    wished for; one of the role `tool` answers the call that `answers_call` names.
    """

    role: str
    content: str
    pictures: tuple[PictureRef, ...] = ()
    kept_chars: int = 0
    tool_calls: tuple[ToolCall, ...] = ()
    answers_call: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return what a journal keeps."""
        said: dict[str, Any] = {"role": self.role, "content": self.content}
        if self.pictures:
            said["pictures"] = [asdict(each) for each in self.pictures]
        if self.tool_calls:
            said["tool_calls"] = [asdict(each) for each in self.tool_calls]
        return said | ({"answers_call": self.answers_call} if self.answers_call else {})

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Return what `to_json` wrote."""
        return cls(
            data["role"],
            data["content"],
            tuple(PictureRef(**each) for each in data.get("pictures", ())),
            tool_calls=tuple(ToolCall(**each) for each in data.get("tool_calls", ())),
            answers_call=data.get("answers_call", ""),
        )


@dataclass(frozen=True, slots=True)
class Request:
    """One call: which model, what it is shown, and how much it may say. `seed` is sent to bundled models only.

    `at_length` asks a model that reasons for its highest effort. `functions` are the tools that it may call, as providers
    are told of them; they are sent to models that call tools.
    """

    card: ModelCard
    messages: Sequence[Message]
    max_output_tokens: int
    seed: int
    at_length: bool = False
    functions: Sequence[Mapping[str, Any]] = ()


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back. `usage` is None where the provider sent none: it is never guessed here.

    `served_model` is the name that the reply gives its model: that behind an alias. `reported_cost_nano` is what the
    provider says that it billed, where it resells at prices that nobody knows before.
    """

    text: str
    reasoning: str
    finish_reason: str
    usage: Usage | None
    raw_usage: Mapping[str, Any] | None
    provider_ref: str
    served_model: str = ""
    reported_cost_nano: int | None = None
    tool_calls: tuple[ToolCall, ...] = ()
