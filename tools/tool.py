"""What every tool has in common: a specification, a use, and arguments that a model wrote."""

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from typing import Any, Protocol

from solver.core.programs import Asker
from solver.core.tools import ToolOutcome, ToolSpec

NEVER_BEGAN = "It never began."
"""The message of a cancellation that came before the work had a thread."""


class WrongArguments(ValueError):
    """Arguments that a tool does not take; the message tells the model what it expects."""


class Tool(Protocol):
    """One tool of one job."""

    @property
    def spec(self) -> ToolSpec:
        """What models are told of it."""
        ...

    async def use(self, arguments: Mapping[str, Any], asker: Asker, /) -> ToolOutcome:
        """Use it once. Raises WrongArguments, and ToolsOff where nothing here performs it."""
        ...


async def on_thread[**P, T](threads: Executor, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Have work that blocks done on a thread; where it is cancelled before it has one, the error says `NEVER_BEGAN`."""
    begun = threads.submit(work, *args, **kwargs)
    try:
        return await asyncio.wrap_future(begun)
    except asyncio.CancelledError as error:
        if begun.cancel():
            raise asyncio.CancelledError(NEVER_BEGAN) from error
        raise


def text_argument(
    arguments: Mapping[str, Any], name: str, *, most_chars: int, default: str | None = None
) -> str:
    """Return an argument that is a text. Raises WrongArguments for another, a long one, and a missing one."""
    value = arguments.get(name, default)
    if not isinstance(value, str) or (default is None and not value.strip()):
        raise WrongArguments(f"“{name}” is missing. Give it as a text.")
    if len(value) > most_chars:
        raise WrongArguments(f"“{name}” has {len(value):,} characters; give at most {most_chars:,}.")
    return value.strip() if default is not None or "\n" not in value else value


def text_schema(descriptions: Mapping[str, str], *, optional: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return the JSON Schema of arguments that are all texts."""
    return {
        "type": "object",
        "properties": {name: {"type": "string", "description": told} for name, told in descriptions.items()},
        "required": [name for name in descriptions if name not in optional],
        "additionalProperties": False,
    }


def shortened(text: str, most_chars: int) -> str:
    """Return a text's beginning and end, and between them how much is left out."""
    if len(text) <= most_chars:
        return text
    end = most_chars // 4
    left_out = f"\n… {len(text) - most_chars:,} characters left out …\n"
    return text[: most_chars - end - len(left_out)] + left_out + text[-end:]
