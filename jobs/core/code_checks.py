"""Whether this site can run code for checks and strategies: workers test it and leave word, pages read it."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.conf import settings
from django.core.cache import cache

from solver.checkers import BaseChecker

logger = logging.getLogger(__name__)

_KEY = "runs-code"
TURNED_OFF = "the operator of this site has turned it off (PONDER_RUN_CODE)."


def leave_word(*, programs: bool, calls: bool, why_off: str) -> None:
    """Say what a worker of this site can run. Without the cache nothing is known, and every check is offered."""
    try:
        cache.set(_KEY, {"programs": programs, "calls": calls, "why_off": why_off}, timeout=None)
    except Exception:  # noqa: BLE001  # whatever the client raises means the same here
        logger.warning("The cache cannot keep what this worker can run.")


def why_not_offered(checker: BaseChecker | type[BaseChecker] | None) -> str:
    """Return in sentences why a checker cannot be used on this site; empty where it can, or where nothing is known."""
    why = _why_off(checker) if checker else ""
    return _sentences([checker.title], why) if checker and why else ""


def runs_programs() -> bool:
    """Tell whether this site can run programs; it can where nothing is known."""
    return settings.PONDER_RUN_CODE and bool(_word().get("programs", True))


def left_out(checkers: Iterable[type[BaseChecker]]) -> list[str]:
    """Return why some of the checkers cannot be used, once for each reason."""
    titles: dict[str, list[str]] = {}
    for each in checkers:
        if why := _why_off(each):
            titles.setdefault(why, []).append(each.title)
    return [_sentences(those, why) for why, those in titles.items()]


def _why_off(checker: BaseChecker | type[BaseChecker]) -> str:
    if not checker.runs_code:
        return ""
    if not settings.PONDER_RUN_CODE:
        return TURNED_OFF
    said = _word()
    return (
        ""
        if said.get("programs" if checker.runs_programs else "calls", True)
        else str(said.get("why_off", ""))
    )


def _sentences(titles: Sequence[str], why: str) -> str:
    named = " and ".join(f"“{title}”" for title in titles)
    return f"{named} cannot be used: this site cannot run code safely. The reason: {why}"


def _word() -> Mapping[str, Any]:
    try:
        said = cache.get(_KEY)
    except Exception:  # noqa: BLE001  # likewise
        return {}
    return said if isinstance(said, dict) else {}
