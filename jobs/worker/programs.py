"""The engine's programs in the sandbox of this host: tested once in the background, then run on threads of its own."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from sandbox import CallRequest, CodeRequest, CodeRunner, Limits, SandboxOff
from solver.core.programs import FunctionCall, Program, ProgramsOff, Ran

AT_ONCE = 2
TURNED_OFF = "The operator of this site has turned it off (PONDER_RUN_CODE)."
_LIMITS = Limits(wall_s=20.0, cpu_s=10)


class SandboxPrograms:
    """Runs programs and calls; the first waits until the sandbox of this machine is tested.

    No thread of the event loop is held up: at most `AT_ONCE` threads wait for processes, and others for these.
    """

    def __init__(self, *, is_on: Callable[[], bool] = lambda: True, quick: bool = False) -> None:
        """Run nothing while `is_on` says no. `quick` makes the self-test a short one."""
        self._quick = quick
        self._is_on = is_on
        self._threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="sandbox")
        self._runner: CodeRunner | None = None
        self._finding = threading.Lock()  # guards _runner: two jobs must not test the machine at once

    def find(self) -> CodeRunner:
        """Return the runner, testing this machine at the first call. Blocks for seconds. Raises SandboxOff."""
        if not self._is_on():
            raise SandboxOff(TURNED_OFF)
        with self._finding:
            if self._runner is None:
                self._runner = CodeRunner.found(at_once=AT_ONCE, quick=self._quick)
            return self._runner

    async def run(self, wanted: Program | FunctionCall, /) -> Ran:
        """Run it to its end or its limits. Raises ProgramsOff."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._run, wanted)

    def _run(self, wanted: Program | FunctionCall) -> Ran:
        try:
            if isinstance(wanted, Program):
                done = self.find().run(CodeRequest(wanted.source, wanted.stdin, _LIMITS))
                return Ran(stdout=done.stdout, ending=done.ending.value, wall_s=done.wall_s)
            called = self.find().call(CallRequest(wanted.source, wanted.function, wanted.argument, _LIMITS))
            return Ran(
                value=called.value, error=called.error, ending=called.ending.value, wall_s=called.wall_s
            )
        except SandboxOff as error:
            raise ProgramsOff(str(error)) from error

    def close(self) -> None:
        """Take no more; what runs ends within its limits."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        if self._runner is not None:
            self._runner.close()
