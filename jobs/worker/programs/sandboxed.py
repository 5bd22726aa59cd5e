"""The engine's programs in the sandbox of this machine, which is tested once, at the first use."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from sandbox import Availability, CallRequest, CodeRequest, CodeRunner, Limits, SandboxOff
from solver.core.programs import Asker, FunctionCall, Program, ProgramsOff, Ran

TURNED_OFF = "The operator of this site has turned it off (PONDER_RUN_CODE)."
_LIMITS = Limits(wall_s=20.0, cpu_s=10)


class SandboxPrograms:
    """Runs programs and calls, at most `at_once` at a time; the first waits until the sandbox here is tested."""

    def __init__(
        self, *, at_once: int = 2, is_on: Callable[[], bool] = lambda: True, quick: bool = False
    ) -> None:
        """Run nothing while `is_on` says no. `quick` makes the self-test a short one."""
        self._at_once = at_once
        self._quick = quick
        self._is_on = is_on
        self._threads = ThreadPoolExecutor(at_once, thread_name_prefix="sandbox")
        self._runner: CodeRunner | None = None
        self._finding = threading.Lock()  # guards _runner: two threads must not test the machine at once

    def availability(self) -> Availability:
        """Return what can be run here, testing this machine at the first call. Blocks for seconds. Raises SandboxOff."""
        return self._found().availability()

    async def run(self, wanted: Program | FunctionCall, _: Asker, /) -> Ran:
        """Run it to its end or its limits, on a thread of its own. Raises ProgramsOff."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, self.run_here, wanted)

    def run_here(self, wanted: Program | FunctionCall) -> Ran:
        """Run it to its end or its limits. Blocks. Raises ProgramsOff."""
        try:
            if isinstance(wanted, Program):
                files = tuple((file.name, file.content()) for file in wanted.files)
                limits = replace(_LIMITS, output_bytes=_LIMITS.output_bytes + wanted.report_bytes)
                request = CodeRequest(wanted.source, wanted.stdin, limits, wanted.partner, files)
                done = self._found().run(request)
                return Ran(stdout=done.stdout, ending=done.ending.value, wall_s=done.wall_s, cpu_s=done.cpu_s)
            called = self._found().call(CallRequest(wanted.source, wanted.function, wanted.argument, _LIMITS))
        except SandboxOff as error:
            raise ProgramsOff(str(error)) from error
        return Ran(
            value=called.value,
            error=called.error,
            ending=called.ending.value,
            wall_s=called.wall_s,
            cpu_s=called.cpu_s,
        )

    def _found(self) -> CodeRunner:
        if not self._is_on():
            raise SandboxOff(TURNED_OFF)
        with self._finding:
            if self._runner is None:
                self._runner = CodeRunner.found(at_once=self._at_once, quick=self._quick)
            return self._runner

    def close(self) -> None:
        """Take no more; what runs ends within its limits."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        if self._runner is not None:
            self._runner.close()
