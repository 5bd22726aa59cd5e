"""The one worker host of a Celery worker process: made early, drained on SIGTERM."""

import functools
import gc
import logging
import threading
from typing import Any

from celery.signals import worker_ready, worker_shutting_down

from jobs.worker.host import WorkerHost

logger = logging.getLogger(__name__)
# Two first messages must not make two hosts: the owner's leases belong to one heartbeat.
_making = threading.Lock()

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
    threading.Thread(target=made.test_sandbox, name="test-sandbox", daemon=True).start()
    return made


def next_job() -> bool:
    """Run the fairest runnable job to the end of this execution of it. False: there was none, or this worker stops."""
    return not _stopping.is_set() and host().claim_and_run()


@worker_ready.connect  # type: ignore[untyped-decorator]
def _make_early(**_: Any) -> None:
    threading.Thread(target=host, name="make-host", daemon=True).start()


@worker_shutting_down.connect  # type: ignore[untyped-decorator]
def _drain(**_: Any) -> None:
    logger.warning("Stopping: no new jobs or calls; running calls may end.")
    _stopping.set()
    # A host that is being made drains itself: waiting for it here would hold up the signal.
    if _made.cache_info().currsize:
        threading.Thread(target=lambda: host().drain(), name="drain", daemon=True).start()
