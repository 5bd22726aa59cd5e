"""Whether this site can run code that a check needs: workers test it and leave word, pages and submissions read it."""

import logging
from collections.abc import Mapping
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
    """Return in a sentence why a checker cannot be used on this site; empty where it can, or where nothing is known."""
    if checker is None or not checker.runs_code:
        return ""
    if not settings.PONDER_RUN_CODE:
        return _refusal(checker, TURNED_OFF)
    said = _word()
    can = said.get("programs" if checker.runs_programs else "calls", True)
    return "" if can else _refusal(checker, str(said.get("why_off", "")))


def _refusal(checker: BaseChecker | type[BaseChecker], why: str) -> str:
    return f"“{checker.title}” cannot be used: this site cannot run code safely. The reason: {why}"


def _word() -> Mapping[str, Any]:
    try:
        said = cache.get(_KEY)
    except Exception:  # noqa: BLE001  # likewise
        return {}
    return said if isinstance(said, dict) else {}
