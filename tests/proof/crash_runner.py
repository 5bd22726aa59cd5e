"""Dies at a boundary of the journal: `CRASH_ORDERS` names jobs and where to die; forks a process for each execution.

Each order is [job id, [place, …]]: the first execution ends with `os._exit` at the first place, the next one at the
second, and a last execution runs to the job's end. A place is [boundary, moment]: the boundaries of an execution
(commits of the journal's writer and of Django) are counted from 1; the moment is before (statements sent, not
committed), during (commit sent, not confirmed) or after (committed, nobody told). Writes one line of JSON an order to
`CRASH_REPORT`: the exit status of each execution and how many boundaries the last one had.
"""

import gc
import json
import os
import sys
import threading
from pathlib import Path
from typing import Any
from uuid import UUID

CRASHED = 77
NOT_CLAIMED = 78
MOMENTS = ("before", "during", "after")


class Boundaries:
    """Counts the commits of a process and ends it at the chosen one."""

    def __init__(self, place: tuple[int, str] | None) -> None:
        self.count = 0
        self._place = place
        self._counting = (
            threading.Lock()
        )  # the engine's thread and the job's commit in turn, but count together

    def next(self) -> int:
        """Return the number of the boundary that is reached now."""
        with self._counting:
            self.count += 1
            return self.count

    def pass_by(self, number: int, moment: str) -> None:
        """Die if this is the place."""
        if self._place == (number, moment):
            os._exit(CRASHED)

    def watch(self) -> None:
        """Put itself around the commits of the journal's writer and of Django."""
        from django.db.backends.postgresql.base import DatabaseWrapper
        from psycopg.transaction import AsyncTransaction

        from jobs.worker.writer import Writer

        leave, send, commit = AsyncTransaction.__aexit__, Writer._send, DatabaseWrapper.commit

        async def leave_transaction(transaction: Any, *error: Any) -> Any:
            number = self.next()
            self.pass_by(number, "before")
            result = await leave(transaction, *error)
            # The writer works in a pipeline: COMMIT is on its way, its confirmation is not read yet.
            self.pass_by(number, "during")
            return result

        async def send_batch(writer: Any, batch: Any) -> Any:
            values = await send(writer, batch)
            self.pass_by(self.count, "after")
            return values

        def commit_django(wrapper: Any) -> None:
            number = self.next()
            self.pass_by(number, "before")
            commit(wrapper)
            self.pass_by(number, "during")
            self.pass_by(number, "after")

        setattr(AsyncTransaction, "__aexit__", leave_transaction)  # noqa: B010  (a method is replaced on purpose)
        setattr(Writer, "_send", send_batch)  # noqa: B010
        setattr(DatabaseWrapper, "commit", commit_django)  # noqa: B010


def hand_out_tools() -> None:
    """Give each job the tools of the simulated world, one of which costs: whoever calls them gets the same each time."""
    from jobs.worker import execution, host
    from solver.simulation.world import World
    from solver.simulation.world_tools import WorldTools

    execute = execution.execute
    setattr(host, "execute", lambda **given: execute(**{**given, "tools": WorldTools(World(1))}))  # noqa: B010


def execute(job_id: UUID, place: tuple[int, str] | None, counted: Path) -> int:
    """Take the job over, as after its lease, and run this execution of it; return an exit status."""
    from django.db import connection

    from jobs.models import Job
    from jobs.worker import lease
    from jobs.worker.host import WorkerHost
    from solver.providers import openai_batches

    Job.objects.filter(pk=job_id).update(lease_until=None)
    connection.close()
    hand_out_tools()
    # Nobody else starts batches: one that is not there will not appear.
    setattr(openai_batches, "SETTLES_S", 0.0)  # noqa: B010  (what it imported is replaced on purpose)
    boundaries = Boundaries(place)
    boundaries.watch()
    host = WorkerHost(patience_s=5.0)
    claimed = lease.claim_next(host.owner, job_id)
    if claimed is None:
        return NOT_CLAIMED  # it ended in the execution before
    host.run(claimed)
    counted.write_text(str(boundaries.count))
    return 0


def main() -> None:
    """Carry the orders out one after another."""
    import celery
    import django

    django.setup()
    # Each execution is a fork of this process, so what it needs is imported here, once.
    import jobs.worker.host

    assert jobs.worker.host
    # What Celery looks up for its first message; neither opens a connection.
    assert celery.current_app.backend
    assert celery.current_app.amqp.router
    # No execution's collector looks at what is here already, so its pages stay shared.
    gc.freeze()
    counted = Path(os.environ["CRASH_REPORT"]).with_suffix(".count")
    with Path(os.environ["CRASH_REPORT"]).open("a") as report:
        for job, places in json.loads(os.environ["CRASH_ORDERS"]):
            statuses = []
            for place in [*map(tuple, places), None]:
                pid = os.fork()
                if pid == 0:
                    status = 1
                    try:
                        status = execute(UUID(job), place, counted)
                    except BaseException:  # noqa: BLE001  (a child must end here, whatever happened)
                        sys.excepthook(*sys.exc_info())
                    finally:
                        sys.stderr.flush()
                        os._exit(status)
                statuses.append(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
            line = {"job": job, "statuses": statuses, "boundaries": int(counted.read_text() or 0)}
            report.write(json.dumps(line) + "\n")
            report.flush()


if __name__ == "__main__":
    main()
