"""The sandbox as others use it: programs and calls, by whichever backend can be trusted here."""

import threading
from dataclasses import dataclass

from sandbox import selftest
from sandbox.bubblewrap import Bubblewrap, candidates
from sandbox.call import program_of, read_call
from sandbox.monty import Monty, may_differ
from sandbox.request import CallRequest, CallResult, CodeRequest, CodeResult, Ending, SandboxOff


@dataclass(frozen=True, slots=True)
class Availability:
    """What can be run here; where not, why, in a sentence."""

    programs: bool
    calls: bool
    why_off: str = ""


class CodeRunner:
    """Runs hostile programs, at most `at_once` at a time; its methods block and may be called by many threads."""

    def __init__(
        self, programs: Bubblewrap | None, calls: Monty | None, *, why_off: str = "", at_once: int = 2
    ) -> None:
        """Use what was found; `found` looks for it."""
        self._programs = programs
        self._calls = calls
        self._why_off = why_off
        self._turns = threading.BoundedSemaphore(at_once)

    @classmethod
    def found(cls, *, at_once: int = 2, quick: bool = False) -> "CodeRunner":
        """Return a runner with the backends that pass the self-test on this machine. Takes seconds."""
        reasons, programs = [], None
        for path in candidates():
            try:
                backend = Bubblewrap(path)
            except SandboxOff as error:
                reasons.append(str(error))
                continue
            report = selftest.try_programs(backend, quick=quick)
            if report.passed:
                programs = backend
                break
            reasons.append(report.why_off())
        if programs is None and not reasons:
            reasons.append("bubblewrap is not installed.")
        monty = Monty(processes=at_once)
        report = selftest.try_calls(monty)
        if not report.passed:
            reasons.append(report.why_off())
            monty.close()
        return cls(programs, monty if report.passed else None, why_off=" ".join(reasons), at_once=at_once)

    def availability(self) -> Availability:
        """Return what can be run here."""
        return Availability(
            programs=self._programs is not None,
            calls=self._programs is not None or self._calls is not None,
            why_off="" if self._programs else self._why_off,
        )

    def run(self, request: CodeRequest) -> CodeResult:
        """Run a program. Raises SandboxOff."""
        if self._programs is None:
            raise SandboxOff(self._why_off)
        with self._turns:
            return self._programs.run(request)

    def call(self, request: CallRequest) -> CallResult:
        """Call a function: in the small interpreter if it can run it, else in the full one. Raises SandboxOff."""
        if self._calls is None and self._programs is None:
            raise SandboxOff(self._why_off)
        with self._turns:
            is_small = self._programs is None or not may_differ(request.source)
            first = self._calls.call(request) if self._calls and is_small else None
            # What the small interpreter could not run may be a fault of the function, or none: the full one tells.
            settled = first is not None and (not first.error or first.ending is not Ending.FINISHED)
            if first is not None and (settled or self._programs is None):
                return first
            assert self._programs is not None  # one of the two is there, see above
            program, nonce = program_of(request)
            return read_call(self._programs.run(program), nonce, self._programs.name)

    def close(self) -> None:
        """End what still runs in the background."""
        if self._calls is not None:
            self._calls.close()
