"""The processes that read mathematics for the judge."""

from collections.abc import Sequence
from typing import NamedTuple

from solver.processes.pool import ProcessPool


class PoolReply(NamedTuple):
    """What a child found: canonical key, value as a decimal text, the known key it equals; None if not."""

    key: str | None = None
    value: str | None = None
    match: str | None = None


class JudgePool:
    """Up to `size` children that each read one answer at a time."""

    def __init__(self, *, size: int, limit_s: float, idle_s: float) -> None:
        self._processes = ProcessPool(
            "solver.judging.judge_worker", size=size, limit_s=limit_s, idle_s=idle_s
        )

    async def ask(self, answer: str, known: Sequence[str]) -> PoolReply:
        """Return what a child finds within the limit; an empty reply where it finds nothing or overruns.

        The form is told before the comparison: one that overruns costs only the match.
        """
        replies = await self._processes.ask({"answer": answer, "known": list(known)}, replies=2)
        return PoolReply(**{name: value for reply in replies for name, value in reply.items()})

    async def close(self) -> None:
        """End every child, whatever it is doing."""
        await self._processes.close()
