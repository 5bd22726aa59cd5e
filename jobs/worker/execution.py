"""One execution of one job on the event loop: journal and purse around the engine's runner."""

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from django.conf import settings

from jobs.core.errors import CannotContinue
from jobs.core.lease import Lease
from jobs.core.options import JobOptions
from jobs.lifecycle.questions import wishes_of
from jobs.models import Job
from jobs.worker.journal import PostgresJournal
from jobs.worker.load import JobSnapshot
from jobs.worker.writer import Writer
from solver import Benched, Control, Gateway, Judge, Limits, Outcome, Permits, Runner
from solver.core.errors import Interrupted, ProviderDown
from solver.core.programs import Asker
from solver.core.tools import Tools
from solver.strategies import REGISTRY, Setting, Steered, Strategy, current_name, make_strategy

_SHOW_EVERY_S = 1.0
_CATCH_UP_S = 3.0


class Display:
    """Shows the state of a strategy on the page, at most once a second."""

    def __init__(
        self,
        journal: PostgresJournal,
        report: Callable[[str], None] | None = None,
        benched: Mapping[str, Benched] | None = None,
    ) -> None:
        """`benched` holds the models that are called no more; the page says why."""
        self._journal = journal
        self._benched = {} if benched is None else benched
        self._report = report
        self._shown_at_s = float("-inf")
        self._task: asyncio.Task[None] | None = None
        self._latest: Strategy | None = None

    def update(self, strategy: Strategy) -> None:
        """Note that something changed; writing is left to a task of its own."""
        self._latest = strategy
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._show())

    async def _show(self) -> None:
        await asyncio.sleep(max(self._shown_at_s + _SHOW_EVERY_S - time.monotonic(), 0))
        self._shown_at_s = time.monotonic()
        strategy, self._task = self._latest, None
        assert strategy is not None, "update() sets it before it makes the task"
        if self._report:
            self._report(strategy.phase())
        best = strategy.best()
        shown = best.as_json() if best else {}
        if self._benched:
            shown["left_out"] = sorted({each.sentence for each in self._benched.values()})
        await self._journal.show(shown, strategy.phase())

    async def catch_up(self) -> None:
        """Show at once what is not shown yet; best effort, for a few seconds."""
        if self._task:
            await self.close()
            self._shown_at_s = float("-inf")
            self._task = asyncio.create_task(self._show())
            await asyncio.wait({self._task}, timeout=_CATCH_UP_S)

    async def close(self) -> None:
        """Show nothing more."""
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)


def setting_of(snapshot: JobSnapshot, tools: Tools | None = None) -> Setting:
    """Return what the job's strategy is made from; `tools` are those that its models may use."""
    job = snapshot.job
    return Setting(
        problem=snapshot.pinned.problem,
        panel=snapshot.pinned.panel,
        budget_nano=job.budget_nano,
        markup_bp=job.markup_bp,
        options=JobOptions.from_json(job.options).for_strategy(),
        seed=snapshot.pinned.seed,
        parameters=snapshot.pinned.parameters,
        tools=tuple(tools.specs()) if tools else (),
    )


def strategy_of(snapshot: JobSnapshot, tools: Tools | None = None) -> Strategy:
    """Return the job's strategy, which was told nothing yet. Raises CannotContinue."""
    job, engine = snapshot.job, snapshot.pinned.engine
    if current_name(job.strategy) not in REGISTRY:
        raise CannotContinue(f"its strategy, “{job.strategy}”", engine=engine)
    try:
        setting = setting_of(snapshot, tools)
        return Steered(
            lambda budget_nano: make_strategy(job.strategy, replace(setting, budget_nano=budget_nano)),
            setting.budget_nano,
        )
    except (KeyError, TypeError, ValueError) as error:
        raise CannotContinue("the options that it was started with", engine=engine) from error


async def execute(
    *,
    lease: Lease,
    snapshot: JobSnapshot,
    writer: Writer,
    gateway: Gateway,
    judge: Judge,
    control: Control,
    patience_s: float,
    report: Callable[[str], None] | None = None,
    benched: dict[str, Benched] | None = None,
    tools: Tools | None = None,
    permits: Permits | None = None,
    leaves_batches: bool = True,
) -> Outcome:
    """Run one execution. Raises Interrupted, LeaseLost or ProviderDown where another execution is to continue.

    Raises CannotContinue where none can. `benched` is filled as the runner fills it; `tools` are what the job's models
    may have used. It ends while all that is under way waits in batches, unless somebody waits here for the job's end.
    """
    job = snapshot.job
    journal = PostgresJournal(
        writer, lease, told=snapshot.told, attempts=snapshot.attempts, submitted=snapshot.submitted
    )
    snapshot.told = []
    benched = {} if benched is None else benched
    display = Display(journal, report, benched)
    strategy, setting = strategy_of(snapshot, tools), setting_of(snapshot, tools)
    runner = Runner(
        problem=setting.problem,
        strategy=strategy,
        panel=setting.panel,
        purse=snapshot.purse,
        journal=journal,
        gateway=gateway,
        judge=judge.for_job(str(job.workspace_id), str(job.pk), job.problem),
        control=control,
        markup_bp=job.markup_bp,
        seed=setting.seed,
        deadline_s=_on_clock(job.deadline_at),
        may_wait_until_s=_on_clock(_may_wait_until(job)),
        observer=display.update,
        benched=benched,
        tools=tools,
        asker=Asker(str(job.workspace_id), str(job.pk)),
        permits=permits,
        ask_wishes=wishes_of(job),
        limits=Limits(
            slots=settings.PONDER_CALLS_PER_JOB,
            patience_s=patience_s,
            drain_s=settings.PONDER_DRAIN_S,
            leaves_batches=leaves_batches,
        ),
    )
    try:
        return await runner.run()
    except (Interrupted, ProviderDown):
        # The page shows this until another execution goes on, which may be days later.
        await display.catch_up()
        raise
    finally:
        await display.close()


def _may_wait_until(job: Job) -> datetime | None:
    """Return until when a job may take, so that its calls may wait for a cheaper service tier; None: they may not."""
    may_wait_s = JobOptions.from_json(job.options).may_wait_s
    if may_wait_s is None:
        return None
    until = (job.started_at or datetime.now(UTC)) + timedelta(seconds=may_wait_s)
    return min(until, job.deadline_at or until)


def _on_clock(moment: datetime | None) -> float | None:
    """Return a moment on the clock of this process, in seconds."""
    if moment is None:
        return None
    return time.monotonic() + (moment - datetime.now(UTC)).total_seconds()
