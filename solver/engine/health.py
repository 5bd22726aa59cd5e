"""How models do while a job runs: when they last answered, and which of them a job had better leave alone."""

from collections import Counter
from dataclasses import dataclass
from typing import NamedTuple

from solver.core.steps import Status, StepResult
from solver.text.extract import said_aloud

MOST_BAD_IN_A_ROW = 5
_BROKEN = frozenset({"content_filter", "error", "refusal"})
_SILENT_FOR_A_REASON = frozenset({"length", "max_tokens", "tool_calls"})


@dataclass(slots=True)
class Health:
    """When a model of the panel last answered, on the runner's clock (seconds)."""

    last_answer_s: float
    last_error: str = ""
    with_provider: int = 0
    """Calls that a provider is working on now."""


class Benched(NamedTuple):
    """Why a job calls a model no more: in a sentence for users, and for staff in the provider's own words.

    Nobody of the staff needs to hear of it where `detail` is empty.
    """

    sentence: str
    detail: str = ""


class BadReplies:
    """Counts the replies of each model that are of no use at all, in a row."""

    def __init__(self) -> None:
        self._in_a_row: Counter[str] = Counter()

    def tell(self, result: StepResult) -> Benched | None:
        """Count a told result; return why its model is to be left alone once there were too many in a row."""
        if not result.model or not result.kind.calls_model:
            return None
        self._in_a_row[result.model] = self._in_a_row[result.model] + 1 if is_bad(result) else 0
        if self._in_a_row[result.model] < MOST_BAD_IN_A_ROW:
            return None
        return Benched(
            f"{result.model} is asked no more where others can be: its last {MOST_BAD_IN_A_ROW} replies were errors, "
            "refusals, withheld by a filter, or empty."
        )


def is_bad(result: StepResult) -> bool:
    """Tell whether a step brought nothing: not one that was cut short, which is the cap's doing."""
    if result.status is Status.FAILED or result.finish_reason in _BROKEN:
        return True
    return result.finish_reason not in _SILENT_FOR_A_REASON and not said_aloud(result.text).strip()
