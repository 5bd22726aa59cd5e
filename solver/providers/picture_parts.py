"""Messages in the two shapes that providers take: texts, pictures, calls of tools and what came of them."""

import asyncio
import base64
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from solver.core.errors import NotExecuted
from solver.core.request import Message

type PictureHolder = Callable[[str], bytes]
"""Returns the bytes (JPEG) of the picture that a reference names. Raises OSError where there is none."""


def no_pictures(ref: str) -> bytes:
    """Stand for a holder of pictures where none are shown."""
    raise FileNotFoundError(f"Nobody holds the picture {ref}.")


async def pictures_in(messages: Sequence[Message], holder: PictureHolder) -> dict[str, bytes]:
    """Return the bytes of what the messages show, by reference. Raises NotExecuted where a picture is gone."""
    refs = {picture.ref for message in messages for picture in message.pictures}
    try:
        return {ref: await asyncio.to_thread(holder, ref) for ref in sorted(refs)}
    except OSError as error:
        raise NotExecuted("A picture of this job is not there any more.", retryable=False) from error


def chat_content(message: Message, pictures: Mapping[str, bytes]) -> str | list[dict[str, Any]]:
    """Return a message's content as the Chat Completions API takes it, which litellm translates for other providers.

    Its text is in two parts where the provider is told to keep the first for a few minutes.
    """
    if not message.pictures and not message.kept_chars:
        return message.content
    shown = [
        {"type": "image_url", "image_url": {"url": _address(pictures[each.ref])}} for each in message.pictures
    ]
    kept, rest = message.content[: message.kept_chars], message.content[message.kept_chars :]
    marked = [{"type": "text", "text": kept, "cache_control": {"type": "ephemeral"}}] if kept else []
    return [*marked, *([{"type": "text", "text": rest}] if rest else []), *shown]


def chat_message(message: Message, pictures: Mapping[str, bytes]) -> dict[str, Any]:
    """Return a message as the Chat Completions API takes it."""
    said: dict[str, Any] = {"role": message.role, "content": chat_content(message, pictures)}
    if message.tool_calls:
        said["content"] = message.content or None
        said["tool_calls"] = [
            {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
            for call in message.tool_calls
        ]
    return said | ({"tool_call_id": message.answers_call} if message.answers_call else {})


def responses_items(message: Message, pictures: Mapping[str, bytes]) -> list[dict[str, Any]]:
    """Return a message as items of OpenAI's Responses API."""
    if message.answers_call:
        return [{"type": "function_call_output", "call_id": message.answers_call, "output": message.content}]
    calls = [
        {"type": "function_call", "call_id": call.id, "name": call.name, "arguments": call.arguments}
        for call in message.tool_calls
    ]
    if calls and not message.content:
        return calls
    return [{"role": message.role, "content": responses_content(message, pictures)}, *calls]


def responses_content(message: Message, pictures: Mapping[str, bytes]) -> str | list[dict[str, Any]]:
    """Return a message's content as OpenAI's Responses API takes it."""
    if not message.pictures:
        return message.content
    shown = [{"type": "input_image", "image_url": _address(pictures[each.ref])} for each in message.pictures]
    return [{"type": "input_text", "text": message.content}, *shown]


def _address(picture: bytes) -> str:
    return f"data:image/jpeg;base64,{base64.b64encode(picture).decode('ascii')}"
