"""What untrusted code does, and verdicts that depend on it: few runs at once, workspaces in turn, each answer once."""

import asyncio
from collections import OrderedDict

from solver.core.checker import Checker
from solver.core.programs import Asker, Observed, Programs, ProgramsOff, RunOrder
from solver.core.verdict import Verdict
from solver.judging.behaviour_run import observation, observed
from solver.judging.fair_queue import FairQueue

AT_ONCE = 2
_NOTHING_RUNS = "Nothing here can run code."
_REMEMBERED = 1_024


class ProgramRuns:
    """Runs what checkers want run, for one event loop."""

    def __init__(self, programs: Programs | None, *, at_once: int = AT_ONCE) -> None:
        self._programs = programs
        self._queue = FairQueue(at_once)
        self._asked: dict[tuple[Checker, str, str], asyncio.Task[Verdict]] = {}
        self._remembered: OrderedDict[tuple[Checker, str], Verdict] = OrderedDict()

    async def verdict(self, checker: Checker, answer: str, asker: Asker) -> Verdict:
        """Return a checker's verdict on an answer. What was decided is remembered, for votes repeat each other."""
        if (checker, answer) in self._remembered:
            self._remembered.move_to_end((checker, answer))
            return self._remembered[checker, answer]
        # By job: a run ends with its job, and another one must not lose its verdict by that.
        asked = (checker, answer, asker.job)
        if asked not in self._asked:
            self._asked[asked] = asyncio.create_task(self._run(checker, answer, asker))
            self._asked[asked].add_done_callback(lambda _: self._asked.pop(asked, None))
        # Shielded: several judgements may wait for this run, and each may be cancelled alone.
        return await asyncio.shield(self._asked[asked])

    async def _run(self, checker: Checker, answer: str, asker: Asker) -> Verdict:
        if self._programs is None:
            return checker.undecided(_NOTHING_RUNS)
        wanted = checker.to_run(answer)
        try:
            async with self._queue.turn(asker.owner):
                ran = await self._programs.run(wanted, asker)
        except ProgramsOff as error:
            return checker.undecided(str(error))
        verdict = checker.verdict_on(wanted, ran)
        if not verdict.is_undecided:
            self._remembered[checker, answer] = verdict
            if len(self._remembered) > _REMEMBERED:
                self._remembered.popitem(last=False)
        return verdict

    async def observe(self, order: RunOrder, asker: Asker) -> list[Observed]:
        """Return what each program of an order does. Raises ProgramsOff where nothing here can run code."""
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [
                    group.create_task(self._observe(program, order, asker)) for program in order.programs
                ]
        except ExceptionGroup as errors:
            raise errors.exceptions[0] from None
        return [task.result() for task in tasks]

    async def _observe(self, program: str, order: RunOrder, asker: Asker) -> Observed:
        if self._programs is None:
            raise ProgramsOff(_NOTHING_RUNS)
        wanted = observation(program, order.calls, order.examples)
        async with self._queue.turn(asker.owner):
            ran = await self._programs.run(wanted, asker)
        return observed(wanted, ran, calls=len(order.calls), examples=order.examples)

    async def fault(self, checker: Checker, asker: Asker) -> str:
        """Try a checker on answers that it must not pass; return in a sentence what is wrong with it, or nothing.

        Raises ProgramsOff where nothing here can run code.
        """
        if not checker.runs_code:
            return ""
        if self._programs is None:
            raise ProgramsOff(_NOTHING_RUNS)
        for answer in checker.trials():
            wanted = checker.to_run(answer)
            async with self._queue.turn(asker.owner):
                ran = await self._programs.run(wanted, asker)
            if fault := checker.fault_in(checker.verdict_on(wanted, ran), ran):
                return fault
        return ""

    async def close(self) -> None:
        """Cancel what still waits."""
        waiting = list(self._asked.values())
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
