"""Judges a model's reply: finds its answer, names it by a canonical key, runs the checker.

Plain answers are judged in-process in microseconds; mathematics goes to a pool of killable processes. Nothing
that a model or a stranger writes can hold up the event loop, fill the memory or raise: it gets a text key at
worst.
"""

import asyncio
import re
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any, NamedTuple

from solver.checkers.exact import check, checked_key, number_verdict
from solver.core.verdict import Verdict
from solver.judging.judge_pool import JudgePool, PoolReply
from solver.text.extract import clean_text, extract_answer, quick_key, text_key
from solver.text.latex import looks_like_math

MAX_POOL_CHARS = 2_000
MAX_POOL_DEPTH = 60
MAX_KNOWN = 32
_REMEMBERED = 4_096
# The exponent is bounded: `1e999999999` would be a number of a billion digits here.
_VALUE = re.compile(r"-?[0-9]{1,350}(?:/[1-9][0-9]{0,350}|(?:\.[0-9]{1,350})?(?:e[+-]?[0-9]{1,3})?)")
_TOO_BUSY = PoolReply()
_COMPARABLE = ("num:", "math:")


class Judgement(NamedTuple):
    """An answer, its canonical key and the checker's verdict; all None where the reply has no answer."""

    answer: str | None
    key: str | None
    verdict: Verdict | None


class Judge:
    """Judges replies for one event loop; many hundreds at once wait for the pool in turn."""

    def __init__(
        self, *, processes: int = 2, limit_s: float = 3.0, idle_s: float = 60.0, wait_s: float = 30.0
    ) -> None:
        """Keep at most `processes` children; a request has `limit_s` wall seconds, idleness `idle_s`.

        Behind more requests than the children can answer in `wait_s` seconds, an answer is taken as a text.
        """
        self._pool = JudgePool(size=processes, limit_s=limit_s, idle_s=idle_s)
        self._wait_s = wait_s
        self._asked: dict[tuple[str, tuple[str, ...]], asyncio.Task[PoolReply]] = {}
        self._remembered: OrderedDict[tuple[str, tuple[str, ...]], PoolReply] = OrderedDict()

    async def judge(
        self, *, text: str, checker: Mapping[str, Any] | None, known_keys: Sequence[str] = ()
    ) -> Judgement:
        """Return the judgement of a reply; an answer equal to a known one gets that one's key."""
        answer = extract_answer(clean_text(text))
        if answer is None:
            return Judgement(None, None, None)
        return await self.judge_answer(answer, checker=checker, known_keys=known_keys)

    async def judge_answer(
        self, answer: str, *, checker: Mapping[str, Any] | None, known_keys: Sequence[str] = ()
    ) -> Judgement:
        """Return the judgement of an answer that stands alone."""
        answer = clean_text(answer)
        verdict = check(checker, answer) if checker else None
        kind = checker.get("kind") if checker else None
        key = checked_key(checker, answer) if checker else None
        key = key or (text_key(answer) if kind in {"arithmetic", "choice"} else quick_key(answer))
        if key is not None and (kind != "number" or verdict is not None):
            return Judgement(answer, key, verdict)
        found = await self._ask(answer, known_keys)
        if kind == "number" and found is not _TOO_BUSY:
            verdict = _pool_verdict(checker or {}, found)
        return Judgement(answer, found.match or found.key or key or text_key(answer), verdict)

    async def close(self) -> None:
        """End the children; judgements that still wait are cancelled."""
        waiting = list(self._asked.values())
        for task in waiting:
            task.cancel()
        await asyncio.wait(waiting) if waiting else None
        await self._pool.close()

    async def _ask(self, answer: str, known_keys: Sequence[str]) -> PoolReply:
        """Ask the pool, or the memory: a hostile answer that many replies repeat costs its time only once."""
        if not _fit_for_pool(answer):
            return PoolReply()
        known = tuple(key for key in known_keys if key.startswith(_COMPARABLE))[:MAX_KNOWN]
        if (answer, known) in self._remembered:
            self._remembered.move_to_end((answer, known))
            return self._remembered[answer, known]
        if (answer, known) not in self._asked:
            self._asked[answer, known] = asyncio.create_task(self._ask_pool(answer, known))
        # Shielded: several judgements may wait for this one, and each may be cancelled alone.
        try:
            async with asyncio.timeout(self._wait_s):
                return await asyncio.shield(self._asked[answer, known])
        except TimeoutError:
            return _TOO_BUSY

    async def _ask_pool(self, answer: str, known: tuple[str, ...]) -> PoolReply:
        try:
            found = await self._pool.ask(answer, known)
            self._remembered[answer, known] = found
            if len(self._remembered) > _REMEMBERED:
                self._remembered.popitem(last=False)
            return found
        finally:
            del self._asked[answer, known]


def judge_now(
    *, text: str, checker: Mapping[str, Any] | None, known_keys: Sequence[str] = (), limit_s: float = 3.0
) -> Judgement:
    """Judge one reply without an event loop of one's own, for the terminal and for tests."""

    async def once() -> Judgement:
        judge = Judge(processes=1, limit_s=limit_s)
        try:
            return await judge.judge(text=text, checker=checker, known_keys=known_keys)
        finally:
            await judge.close()

    return asyncio.run(once())


def _fit_for_pool(answer: str) -> bool:
    """Tell whether an answer may be mathematics at all: bounded, not nested too deep, without prose."""
    if len(answer) > MAX_POOL_CHARS or not looks_like_math(answer):
        return False
    depth = deepest = 0
    for character in answer:
        depth += (character in "([{") - (character in ")]}")
        deepest = max(deepest, depth)
    return deepest <= MAX_POOL_DEPTH


def _pool_verdict(checker: Mapping[str, Any], found: PoolReply) -> Verdict:
    if found.value is None or not _VALUE.fullmatch(found.value):
        return Verdict(False, "number", "The answer is not a number.")
    return number_verdict(checker, Fraction(found.value))
