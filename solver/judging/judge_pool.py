"""The processes that read mathematics for the judge."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from solver.core.verdict import Verdict
from solver.processes.pool import ProcessPool


class PoolReply(NamedTuple):
    """What a child found: canonical key, value as a decimal text, the known key it equals; None if not.

    Not `is_complete`: it overran, died or did not start, at the latest while it compared; what it had told is kept.
    """

    key: str | None = None
    value: str | None = None
    match: str | None = None
    is_complete: bool = True


UNREAD = PoolReply(is_complete=False)
"""Nothing is known of the answer."""


class JudgePool:
    """Up to `size` children that each read one answer at a time."""

    def __init__(self, *, size: int, cpu_limit_s: float, idle_s: float) -> None:
        self._processes = ProcessPool(
            "solver.judging.judge_worker", size=size, cpu_limit_s=cpu_limit_s, idle_s=idle_s
        )

    async def ask(self, answer: str, known: Sequence[str]) -> PoolReply:
        """Return what a child finds within the limit; an empty reply where the answer is no mathematics.

        The form is told before the comparison: one that overruns costs only the match.
        """
        replies = await self._processes.ask({"answer": answer, "known": list(known)}, replies=2)
        if not replies:
            return UNREAD
        found = PoolReply(is_complete=len(replies) == 2)
        return found._replace(**{name: value for reply in replies for name, value in reply.items()})

    async def check(self, checker: Mapping[str, Any], answer: str) -> Verdict | None:
        """Return what a checker says in a child, or None where the child overran or died."""
        replies = await self._processes.ask({"checker": dict(checker), "answer": answer})
        return Verdict(*replies[0]["verdict"]) if replies else None

    async def close(self) -> None:
        """End every child, whatever it is doing."""
        await self._processes.close()
