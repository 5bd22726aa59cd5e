"""The shape of a prompt as it is sent: general models read the problem first, so that all calls of a job begin alike.

Providers keep what prompts begin with, and read it for a fraction of the price. The engine's prompts say what to do
before they show the problem, as small models were trained on (solver/text/prompting/prompts.py); for all others they
are turned round here: the problem, what is shown beside it, then what is to be done, in one message.
"""

import re
from functools import lru_cache

from solver.core.request import Message

_OPENS, _CLOSES = "<problem>\n", "\n</problem>"
_TASK = re.compile(r"\n\nTask: \w{1,20}\Z")


@lru_cache(maxsize=1_000)
def problem_first(messages: tuple[Message, ...], *, is_marked: bool = False) -> tuple[Message, ...]:
    """Return the messages with the problem first and all that was said kept; as they are where they show none.

    A marked message says how much of it other calls begin with, for providers that want to be told what to keep.
    """
    *before, last = messages
    lead, opens, shown = last.content.partition(_OPENS)
    text, closes, rest = shown.partition(_CLOSES)
    if not closes:
        return messages
    task = found[0] if (found := _TASK.search(rest)) else ""
    prefix = f"{opens}{text}{closes}"
    instructions = [*(message.content for message in before), lead.strip()]
    said = "\n\n".join(part for part in (prefix + rest.removesuffix(task), *instructions) if part)
    return (Message(last.role, f"{said}{task}", last.pictures, len(prefix) if is_marked else 0),)


def shared_prefix(messages: tuple[Message, ...]) -> str:
    """Return what other calls about the same problem begin with; empty where the problem does not come first."""
    first = messages[0].content if messages else ""
    problem, closes, _ = first.partition(_CLOSES)
    return problem + closes if closes and first.startswith(_OPENS) else ""
