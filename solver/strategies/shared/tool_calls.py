"""What a model wrote to call a tool, read: an order that can be carried out, or words that say why not."""

import json
import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from solver.core.request import ToolCall
from solver.core.tools import ToolOrder, ToolSpec

MAX_CALLS = 6
"""So many calls of one reply are carried out."""
_MAX_ARGUMENT_CHARS = 50_000
_MOST_UNREADABLE = 500
_MOST_NAME_CHARS = 64
_NOT_IN_NAMES = re.compile(r"[^a-zA-Z0-9_-]")
_TYPES: Mapping[str, type | tuple[type, ...]] = {
    "string": str, "integer": int, "number": (int, float), "boolean": bool, "array": list, "object": dict,
}  # fmt: skip


def order_of(call: ToolCall, tools: Sequence[ToolSpec]) -> ToolOrder | str:
    """Return the order that a call stands for, or in a sentence for the model why it stands for none."""
    spec = next((tool for tool in tools if tool.name == call.name), None)
    if spec is None:
        known = ", ".join(tool.name for tool in tools) or "none"
        return f"There is no tool “{call.name[:60]}”. The tools are: {known}."
    if len(call.arguments) > _MAX_ARGUMENT_CHARS:
        return f"The arguments are longer than {_MAX_ARGUMENT_CHARS:,} characters. Write less."
    try:
        arguments = json.loads(call.arguments or "{}")
    except (ValueError, RecursionError):
        return "The arguments are not JSON. Write one JSON object that fits the tool’s schema."
    if not isinstance(arguments, dict):
        return "The arguments are no JSON object. Write one that fits the tool’s schema."
    fault = _fault_of(arguments, spec)
    return fault or ToolOrder(spec.name, arguments)


def sendable(call: ToolCall, taken: Collection[str]) -> ToolCall:
    """Return a call as every provider takes it back: a plain name, one JSON object, an id that is not `taken`."""
    name = _NOT_IN_NAMES.sub("_", call.name)[:_MOST_NAME_CHARS] or "unknown"
    try:
        is_object = isinstance(json.loads(call.arguments), dict)
    except (ValueError, RecursionError):
        is_object = False
    arguments = call.arguments if is_object else json.dumps({"unreadable": call.arguments[:_MOST_UNREADABLE]})
    own_id = call.id
    while own_id in taken:
        own_id = f"again_{own_id}"
    return ToolCall(own_id, name, arguments)


def _fault_of(arguments: Mapping[str, Any], spec: ToolSpec) -> str:
    """Return what does not fit the schema at its first level; the tool itself sees to the rest."""
    missing = [name for name in spec.parameters.get("required", ()) if name not in arguments]
    if missing:
        return f"The argument “{missing[0]}” of {spec.name} is missing."
    for name, value in arguments.items():
        expected = spec.parameters.get("properties", {}).get(name, {}).get("type")
        wanted = _TYPES.get(expected) if isinstance(expected, str) else None
        if wanted and (not isinstance(value, wanted) or (isinstance(value, bool) and expected != "boolean")):
            return f"The argument “{name[:60]}” of {spec.name} must be of the type {expected}."
    return ""
