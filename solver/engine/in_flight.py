"""What a run has under way: its steps and their tasks, what landed and is not told yet, and the first fault."""

import asyncio
import contextlib
from collections.abc import Callable, Collection, Coroutine
from typing import Any

from solver.core.errors import BudgetReached, LeaseLost, ModelSuspended, SolverError
from solver.core.steps import Status, Step, StepResult
from solver.engine.calls.prefix_cache import PrefixCaches
from solver.engine.control import Control, Stop
from solver.engine.run_state import Phase, RunState

_LOOK_AGAIN_S = 0.5

Work = Callable[[], Coroutine[Any, Any, StepResult | None]]


class InFlight:
    """The steps of one run between their launch and their landing."""

    def __init__(self, control: Control, state: RunState, caches: PrefixCaches) -> None:
        self._control = control
        self._state = state
        self._caches = caches
        self._tasks: dict[asyncio.Task[None], str] = {}
        self._landed: list[StepResult] = []
        self.wake = asyncio.Event()
        """Set by whatever the loop should look at."""
        self.steps: dict[str, Step] = {}
        """By key, those whose result has not come back."""
        self.fault: BaseException | None = None
        control.listen(self.wake.set)

    @property
    def is_under_way(self) -> bool:
        """Whether a call is in flight, or landed and not told yet."""
        return bool(self.steps or self._landed)

    @property
    def has_landed(self) -> bool:
        """Whether something landed that is not told yet."""
        return bool(self._landed)

    def launch(self, step: Step, work: Work) -> None:
        """Start the work of a step."""
        self.steps[step.key] = step
        task = asyncio.create_task(self._bring_home(step, work))
        self._tasks[task] = step.key
        task.add_done_callback(lambda done: self._tasks.pop(done, None))

    def add(self, result: StepResult) -> None:
        """Count a result that needed no task as landed."""
        self._landed.append(result)

    def take_landed(self) -> list[StepResult]:
        """Return all that landed in the order of the journal, in which a restart tells it; it counts as told."""
        landed = sorted(self._landed, key=lambda result: result.seq)
        self._landed.clear()
        return landed

    async def next_event(self, timeout_s: float | None) -> None:
        """Wait for a step to land, a stop or the time."""
        if not self._landed:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.wake.wait(), timeout_s)
        self.wake.clear()

    async def until_back(self, step: Step) -> bool:
        """Wait for one step unless the run is told to stop; return whether it came back."""
        while step.key in self.steps and self._control.stop is None:
            self.wake.clear()
            await self.wake.wait()
        return step.key not in self.steps

    async def land(self, *, grace_s: float, left: Callable[[], Collection[str]]) -> None:
        """Let tasks end in the time of grace, but those whose keys are `left` to the next execution; cancel the rest."""
        loop = asyncio.get_running_loop()
        ends_s = loop.time() + grace_s
        while self._control.stop is not Stop.FENCED and (left_s := ends_s - loop.time()) > 0:
            kept = set(left())
            waited_for = [task for task, key in self._tasks.items() if key not in kept]
            if not waited_for:
                break
            await asyncio.wait(waited_for, timeout=min(left_s, _LOOK_AGAIN_S))
        for task in list(self._tasks):
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)

    async def _bring_home(self, step: Step, work: Work) -> None:
        """Await what comes of one step; whatever happens, the loop hears of it."""
        result = None
        try:
            if result := await work():
                self._landed.append(result)
        except BudgetReached:
            self._state.refuse()
        except ModelSuspended:
            pass  # nothing was told: the strategy asks anew, for another model if it can
        except LeaseLost as error:
            self.fault = error
            self._control.request(Stop.FENCED)
        except Exception as error:  # noqa: BLE001  (a fault in one step must end the execution, not vanish in a task)
            # A job has its answer without its write-up.
            if not (isinstance(error, SolverError) and self._state.phase is Phase.WRITING_UP):
                self.fault = self.fault or error
        finally:
            del self.steps[step.key]
            self._caches.ended(step, is_answered=result is not None and result.status is Status.OK)
            self.wake.set()
