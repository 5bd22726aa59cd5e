"""What a Celery worker process has one of, by its queues: a host of jobs, a sandbox worker; both stop on SIGTERM."""

import functools
import gc
import logging
import threading
from collections.abc import Collection
from typing import Any

from celery.signals import worker_ready, worker_shutting_down
from django.conf import settings

from jobs.core.task_names import SANDBOX_QUEUE
from jobs.worker.host import WorkerHost
from jobs.worker.programs.host import ProgramHost

logger = logging.getLogger(__name__)
# Two first messages must not make two hosts: the owner's leases belong to one heartbeat.
_making = threading.Lock()
_making_programs = threading.Lock()  # likewise: its turns are this process's
_stopping = threading.Event()


def host() -> WorkerHost:
    """Return this process's host, making it on the first call (litellm's import takes seconds)."""
    with _making:
        return _made()


@functools.cache
def _made() -> WorkerHost:
    made = WorkerHost()
    # What was imported lives as long as the process: a full collection need not look at it, for meanwhile no job of
    # this process goes on.
    gc.collect()
    gc.freeze()
    if _stopping.is_set():
        made.drain()
    return made


def program_host() -> ProgramHost:
    """Return this process's sandbox worker, making it on the first call."""
    with _making_programs:
        return _made_for_programs()


@functools.cache
def _made_for_programs() -> ProgramHost:
    return ProgramHost(stopping=_stopping)


def next_job() -> bool:
    """Run the fairest runnable job to the end of this execution of it. False: there was none, or this worker stops."""
    return not _stopping.is_set() and host().claim_and_run()


@worker_ready.connect  # type: ignore[untyped-decorator]
def _make_early(sender: Any, **_: Any) -> None:
    queues = set(sender.app.amqp.queues.consume_from)
    threading.Thread(target=_prepare, args=(queues,), name="make-hosts", daemon=True).start()


def _prepare(queues: Collection[str]) -> None:
    if settings.CELERY_TASK_DEFAULT_QUEUE in queues:
        host()
    if SANDBOX_QUEUE in queues:
        program_host().test()


@worker_shutting_down.connect  # type: ignore[untyped-decorator]
def _drain(**_: Any) -> None:
    logger.warning("Stopping: no new jobs or calls; running calls may end.")
    _stopping.set()
    # A host that is being made drains itself: waiting for it here would hold up the signal.
    if _made.cache_info().currsize:
        threading.Thread(target=lambda: host().drain(), name="drain", daemon=True).start()
