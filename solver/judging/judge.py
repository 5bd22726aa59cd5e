"""Judges a model's reply: finds its answer, names it by a canonical key, runs the checker.

Plain answers are judged in-process in microseconds; mathematics goes to a pool of killable processes. Nothing
that a model or a stranger writes can hold up the event loop, fill the memory or raise: it gets a text key at
worst.
"""

import asyncio
import json
import re
import time
from collections import OrderedDict, deque
from collections.abc import Sequence
from fractions import Fraction

from solver.core.checker import Checker
from solver.core.problem.result_kind import ResultKind
from solver.core.programs import NOBODY, Asker, Observed, Programs, RunOrder
from solver.core.verdict import Judgement, Verdict
from solver.judging.fair_queue import FairQueue
from solver.judging.judge_pool import UNREAD, JudgePool, PoolReply
from solver.judging.program_runs import ProgramRuns
from solver.text.deliverables import deliverable_in, deliverable_key
from solver.text.extract import clean_text, extract_answer
from solver.text.keys import quick_key, split_key, text_key
from solver.text.restated import without_question
from solver.text.values.amounts import amount_of
from solver.text.values.latex import looks_like_math
from solver.text.values.lookalikes import is_lookalike

MAX_POOL_CHARS = 2_000
MAX_POOL_DEPTH = 60
MAX_KNOWN = 32
MAX_CHECKED_CHARS = 20_000
_REMEMBERED = 4_096
_REMEMBERED_UNITS = 256
_REMEMBERED_VERDICTS = 512
# The exponent is bounded: `1e999999999` would be a number of a billion digits here.
_VALUE = re.compile(r"-?[0-9]{1,350}(?:/[1-9][0-9]{0,350}|(?:\.[0-9]{1,350})?(?:e[+-]?[0-9]{1,3})?)")
COMPARABLE = ("num:", "math:")
"""What the keys of answers begin with that others can be compared with."""
_MAX_OVERRUNS = 2
_OVERRUNS_COUNT_S = 600.0


class Judge:
    """Judges replies for one event loop; many hundreds at once wait for the pool in turn, each job for its own share."""

    def __init__(
        self,
        *,
        processes: int = 2,
        cpu_limit_s: float = 3.0,
        idle_s: float = 60.0,
        wait_s: float = 30.0,
        programs: Programs | None = None,
        programs_at_once: int = 2,
    ) -> None:
        """Keep at most `processes` children; a request has `cpu_limit_s` seconds of CPU, idleness `idle_s`.

        Behind more requests than the children can answer in `wait_s` seconds, an answer is taken as a text. `programs`
        runs what checkers want run, so many at once; without it they leave that undecided.
        """
        self._runs = ProgramRuns(programs, at_once=programs_at_once)
        self._pool = JudgePool(size=processes, cpu_limit_s=cpu_limit_s, idle_s=idle_s)
        self._queue = FairQueue(processes)
        self._wait_s = wait_s
        self._asked: dict[tuple[_Share, str, tuple[str, ...]], asyncio.Task[PoolReply]] = {}
        self._remembered: OrderedDict[tuple[str, tuple[str, ...]], PoolReply] = OrderedDict()
        self._verdicts: OrderedDict[tuple[str, str], Verdict] = OrderedDict()
        self._nobodys = _Share("")

    def for_job(self, owner: str, job: str = "", question: str = "") -> "JobJudge":
        """Return the judge of one job. Jobs of one `owner` take turns at the pool as one; each has its own overruns.

        `question` is what was asked: an answer that says it again means what it adds.
        """
        return JobJudge(self, _Share(owner, job, question))

    async def judge(
        self,
        *,
        text: str,
        checker: Checker | None,
        known_keys: Sequence[str] = (),
        result: ResultKind = ResultKind.ANSWER,
    ) -> Judgement:
        """Return the judgement of a reply of no job in particular."""
        return await self.judge_reply(text, checker, known_keys, self._nobodys, result)

    async def judge_reply(
        self,
        text: str,
        checker: Checker | None,
        known_keys: Sequence[str],
        share: "_Share",
        result: ResultKind = ResultKind.ANSWER,
    ) -> Judgement:
        """Return the judgement of a reply; an answer equal to a known one gets that one's key."""
        reply = clean_text(text)
        if not result.is_short:
            return await self._judge_deliverable(reply, checker, share, result)
        answer = checker.answer_in(reply) if checker else extract_answer(reply)
        if answer is None:
            return Judgement(None, None, None)
        means = without_question(answer, share.question)
        judged = await self.judge_answer(means, checker=checker, known_keys=known_keys, share=share)
        return judged._replace(answer=answer)

    async def judge_answer(
        self,
        answer: str,
        *,
        checker: Checker | None,
        known_keys: Sequence[str] = (),
        share: "_Share | None" = None,
    ) -> Judgement:
        """Return the judgement of an answer that stands alone. Unread by the pool, it has no verdict on its value."""
        answer, share = clean_text(answer), share or self._nobodys
        verdict = checker.check(answer) if checker else None
        own = checker.key(answer) if checker else None
        key = own or quick_key(answer)
        # What is known to be a text has no value to wait for.
        waits = (
            checker is not None
            and checker.reads_values
            and verdict is not None
            and verdict.is_undecided
            and not (key or "").startswith("text:")
        )
        if key is None or waits or _may_be_an_equation(key, known_keys):
            found = await self._ask(answer, known_keys, share)
            # An equation is no number, and may still say one: `x + y = 7`.
            if checker is not None and waits and found.key is not None and "=" not in split_key(found.key)[0]:
                verdict = checker.check_value(_value_of(found))
            match = share.matched(found.key, found.match)
            key = match if key is None or (found.match and own is None) else key
            key = key or text_key(answer)
        if checker is not None and checker.needs_child and verdict is not None and verdict.is_undecided:
            verdict = await self._check(checker, answer, share) or verdict
        if checker is not None and checker.runs_code and verdict is not None and verdict.is_undecided:
            verdict = await self._runs.verdict(checker, answer, share.asker)
        if own is None:
            key = share.joined(key, known_keys)
        return Judgement(answer, key, _told(verdict, checker))

    async def _judge_deliverable(
        self, reply: str, checker: Checker | None, share: "_Share", result: ResultKind
    ) -> Judgement:
        """Return the judgement of a text, a program or data: only data and code can be the same as another."""
        found = deliverable_in(reply, result)
        body = checker.answer_in(reply) if checker and checker.result is result else found.body
        if body is None:
            return Judgement(None, None, None)
        answer = found.conclusion if result is ResultKind.TEXT else body
        if checker is None or checker.rubric:
            return Judgement(answer, deliverable_key(body, result), None)
        judged = await self.judge_answer(body, checker=checker, share=share)
        return judged._replace(answer=answer, key=deliverable_key(body, result) or judged.key)

    async def fault_of(self, checker: Checker, example: str = "", share: "_Share | None" = None) -> str:
        """Return in a sentence what is wrong with a checker, nothing where it may be trusted.

        It is tried on what cannot be right, and on an `example` that it should pass. What took too long to find out is
        not held against it. Raises ProgramsOff where nothing here can run code.
        """
        share = share or self._nobodys
        if fault := await self._runs.fault(checker, share.asker) or await self._fault_in_child(
            checker, share
        ):
            return fault
        if not example:
            return ""
        answer = checker.answer_in(example) or example
        verdict = (await self.judge_answer(answer, checker=checker, share=share)).verdict
        if verdict is None or verdict.passed:
            return ""
        said = "It cannot judge" if verdict.is_undecided else "It refuses"
        return f"{said} the answer that you say should pass: {verdict.detail}"

    async def _fault_in_child(self, checker: Checker, share: "_Share") -> str:
        """Try a checker that runs no code, but in a child, on what cannot be right."""
        for answer in () if checker.runs_code else checker.trials():
            verdict = await self._check(checker, answer, share)
            if verdict is None:
                continue
            if verdict.passed and checker.is_checkable:
                return f"It passes what cannot be right: {verdict.detail}"
            if verdict.is_undecided:
                return verdict.detail
        return ""

    async def run_programs(self, order: RunOrder, asker: Asker = NOBODY) -> list[Observed]:
        """Return what programs do on given inputs. Raises ProgramsOff where nothing here can run them."""
        return await self._runs.observe(order, asker)

    async def close(self) -> None:
        """End the children; judgements that still wait are cancelled."""
        waiting = list(self._asked.values())
        for task in waiting:
            task.cancel()
        await asyncio.wait(waiting) if waiting else None
        await self._runs.close()
        await self._pool.close()

    async def _ask(self, answer: str, known_keys: Sequence[str], share: "_Share") -> PoolReply:
        """Ask the pool, or the memory. What was not read is not remembered: it is asked again."""
        amount = amount_of(answer[:MAX_POOL_CHARS])
        # `-x` may be many things, `y = -x` is a formula.
        body = f"{amount.body}=" if amount.name else amount.body
        if is_lookalike(amount.body) or not looks_like_math(body):
            return PoolReply()
        if not _fit_for_pool(answer):
            return UNREAD
        known = tuple(key for key in known_keys if key.startswith(COMPARABLE))[:MAX_KNOWN]
        if (answer, known) in self._remembered:
            self._remembered.move_to_end((answer, known))
            return self._remembered[answer, known]
        asked = (share, answer, known)
        if asked not in self._asked:
            self._asked[asked] = asyncio.create_task(self._ask_pool(answer, known, share))
        # Shielded: several judgements may wait for this one, and each may be cancelled alone.
        try:
            async with asyncio.timeout(self._wait_s):
                return await asyncio.shield(self._asked[asked])
        except TimeoutError:
            return UNREAD

    async def _check(self, checker: Checker, answer: str, share: "_Share") -> Verdict | None:
        """Return what a checker says in a child; None: nobody could find out, and it is asked again."""
        asked = (json.dumps(checker.to_json(), sort_keys=True), answer)
        if asked in self._verdicts:
            return self._verdicts[asked]
        if len(answer) > MAX_CHECKED_CHARS:
            return None
        try:
            async with asyncio.timeout(self._wait_s), self._queue.turn(share.owner):
                if share.is_used_up():
                    return None
                verdict = await self._pool.check(checker.to_json(), answer)
        except TimeoutError:
            return None
        if verdict is None:
            share.overran()
            return None
        self._verdicts[asked] = verdict
        if len(self._verdicts) > _REMEMBERED_VERDICTS:
            self._verdicts.popitem(last=False)
        return verdict

    async def _ask_pool(self, answer: str, known: tuple[str, ...], share: "_Share") -> PoolReply:
        try:
            async with self._queue.turn(share.owner):
                if share.is_used_up():
                    return UNREAD
                found = await self._pool.ask(answer, known)
            if found.is_complete:
                self._remembered[answer, known] = found
                if len(self._remembered) > _REMEMBERED:
                    self._remembered.popitem(last=False)
            else:
                share.overran()
            return found
        finally:
            del self._asked[share, answer, known]


class _Share:
    """What is known of one job: what it cost the pool, and which units its answers had.

    After two overruns within ten minutes its formulas are taken as texts. A known key without a unit remembers the
    unit that joined it.
    """

    def __init__(self, owner: str, job: str = "", question: str = "") -> None:
        self.owner = owner
        self.asker = Asker(owner, job)
        self.question = question
        self._overran_at_s: deque[float] = deque(maxlen=_MAX_OVERRUNS)
        self._said: OrderedDict[str, dict[str, str]] = OrderedDict()

    def overran(self) -> None:
        """Count an answer that killed a child process."""
        self._overran_at_s.append(time.monotonic())

    def joined(self, key: str, known_keys: Sequence[str]) -> str:
        """Return the known key that a number belongs to: without a unit it belongs to the same number with one.

        Two different units, or names, never meet, also not by way of a number without one.
        """
        body, unit, name = split_key(key)
        if key in known_keys or not body.startswith("num:"):
            return key
        alike = [
            known for known in known_keys if split_key(known)[0] == body and self._fits(known, unit, name)
        ]
        # Between two units a bare number belongs to neither.
        return self.matched(key, alike[0]) or key if len(alike) == 1 or body in alike else key

    def matched(self, key: str | None, match: str | None) -> str | None:
        """Return the known key that an answer's key equals, or the own one where the two have different units."""
        if key is None or match is None or key == match:
            return match or key
        _, unit, name = split_key(key)
        if not self._fits(match, unit, name if key.startswith("num:") else ""):
            return key
        said = self._said.setdefault(match, {})
        said.update({kind: word for kind, word in (("unit", unit), ("name", name)) if word})
        while len(self._said) > _REMEMBERED_UNITS:
            self._said.popitem(last=False)
        return match

    def _fits(self, known: str, unit: str, name: str) -> bool:
        _, known_unit, known_name = split_key(known)
        said = self._said.get(known, {})
        pairs = (unit, known_unit or said.get("unit", "")), (name, known_name or said.get("name", ""))
        return all(not one or not other or one == other for one, other in pairs)

    def is_used_up(self) -> bool:
        """Tell whether the job must not ask for now."""
        return (
            len(self._overran_at_s) == _MAX_OVERRUNS
            and time.monotonic() - self._overran_at_s[0] < _OVERRUNS_COUNT_S
        )


class JobJudge:
    """The judge as one job sees it."""

    def __init__(self, judge: Judge, share: _Share) -> None:
        self._judge = judge
        self._share = share

    async def judge(
        self,
        *,
        text: str,
        checker: Checker | None,
        known_keys: Sequence[str] = (),
        result: ResultKind = ResultKind.ANSWER,
    ) -> Judgement:
        """Return the judgement of a reply; an answer equal to a known one gets that one's key."""
        return await self._judge.judge_reply(text, checker, known_keys, self._share, result)

    async def run_programs(self, order: RunOrder) -> list[Observed]:
        """Return what programs do on given inputs. Raises ProgramsOff where nothing here can run them."""
        return await self._judge.run_programs(order, self._share.asker)

    async def fault_of(self, checker: Checker, example: str = "") -> str:
        """Return in a sentence what is wrong with a checker. Raises ProgramsOff where nothing here can run code."""
        return await self._judge.fault_of(checker, example, self._share)

    async def judge_answer(
        self, answer: str, *, checker: Checker | None, known_keys: Sequence[str] = ()
    ) -> Judgement:
        """Return the judgement of an answer that stands alone."""
        return await self._judge.judge_answer(
            answer, checker=checker, known_keys=known_keys, share=self._share
        )


def _may_be_an_equation(key: str, known_keys: Sequence[str]) -> bool:
    """Tell whether a number with a name (`x = 2`) may solve an equation that is known (`3x = 6`)."""
    return (
        key.startswith("num:")
        and key.endswith("=")
        and any(known.startswith("math:") and "=" in split_key(known)[0] for known in known_keys)
    )


def _told(verdict: Verdict | None, checker: Checker | None) -> Verdict | None:
    """Return the verdict to tell: none of a checker that knows no right answer, for nothing is odd about the reply."""
    if verdict is None or checker is None or (verdict.is_undecided and not checker.is_checkable):
        return None
    return verdict


def _fit_for_pool(answer: str) -> bool:
    """Tell whether an answer is short and flat enough to be read."""
    if len(answer) > MAX_POOL_CHARS:
        return False
    depth = deepest = 0
    for character in answer:
        depth += (character in "([{") - (character in ")]}")
        deepest = max(deepest, depth)
    return deepest <= MAX_POOL_DEPTH


def _value_of(found: PoolReply) -> Fraction | None:
    """Return the exact value that the pool found, None where the answer is no number."""
    return Fraction(found.value) if found.value is not None and _VALUE.fullmatch(found.value) else None
