"""How gunicorn runs the web server, and a watchdog in each of its workers.

gunicorn itself sees only that a worker's main thread lives. Where every thread of a worker is stuck, the worker
would never answer again, and nothing would replace it.
"""

import contextlib
import faulthandler
import gc
import os
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import Any

worker_class = "gthread"
threads = 8
timeout = 60
graceful_timeout = 10
# Longer than the two seconds between two looks of an open page: who asks on a connection that is being closed is cut off.
keepalive = 15
control_socket_disable = True

STUCK_S = 60.0
_LOOK_S = 2.0
_STUCK_STATUS = 70
_NEW_OBJECTS = 20_000


def post_worker_init(worker: Any) -> None:
    """Start the watchdog of a worker that is ready to serve.

    What was imported lives as long as the process: looking through all of it for garbage would hold up every request.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_NEW_OBJECTS, 10, 10)
    worker.watchdog = Watchdog(worker.tpool, limit_s=STUCK_S, give_up=end_process)
    threading.Thread(target=worker.watchdog.watch, name="watchdog", daemon=True).start()


def post_request(worker: Any, _request: Any, _environ: Any, _response: Any) -> None:
    """Note that a request was answered."""
    worker.watchdog.note_progress()


class Watchdog:
    """Gives up once a task has waited for a thread for `limit_s` seconds in which no request was answered."""

    def __init__(self, threads: Executor, *, limit_s: float, give_up: Callable[[], None]) -> None:
        self._threads = threads
        self._limit_s = limit_s
        self._give_up = give_up
        self._progress_at = time.monotonic()

    def note_progress(self) -> None:
        """Note that a thread came to an end with something."""
        self._progress_at = time.monotonic()

    def watch(self) -> None:
        """Look every two seconds, until the worker takes no more work."""
        with contextlib.suppress(RuntimeError):  # the executor is shut down
            while True:
                self._await(self._threads.submit(self.note_progress))
                time.sleep(_LOOK_S)

    def _await(self, turn: Future[None]) -> None:
        self.note_progress()
        while not turn.done():
            if time.monotonic() - self._progress_at > self._limit_s:
                self._give_up()
                return
            time.sleep(min(_LOOK_S, self._limit_s / 4))


def end_process() -> None:
    """Say where each thread is, and end this worker; gunicorn starts another."""
    sys.stderr.write("Every thread of this web worker is stuck, so it ends. They are here:\n")
    faulthandler.dump_traceback(file=sys.stderr, all_threads=True)
    os._exit(_STUCK_STATUS)
