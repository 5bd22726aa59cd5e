"""The heartbeat: threads of their own renew leases, guard the event loop and wake workers for forgotten jobs.

On the event loop they would starve together with it: that gave false takeovers in trials. The guard has no thread in
common with what may hang (database, Redis), so it acts when they do.
"""

import logging
import os
import threading
import time
from collections.abc import Callable

from django.conf import settings
from django.db import connection

from jobs.upkeep.sweep import sweep
from jobs.worker import lease as leases
from jobs.worker.fair_share import LOOKS_EVERY_S, make_room
from jobs.worker.running_jobs import RunningJobs
from solver import Stop

logger = logging.getLogger(__name__)

EXIT_LOOP_STUCK = 70
# Under a short lease a slow machine may hold the loop up for longer without harm: the fence keeps the books right.
_LOOP_STUCK_AT_LEAST_S = 20.0


class _Periodic(threading.Thread):
    """Does one thing again and again; whatever goes wrong, the next time is another try."""

    def __init__(self, name: str, every_s: float, work: Callable[[], None], stopped: threading.Event) -> None:
        super().__init__(name=name, daemon=True)
        self._every_s = every_s
        self._work = work
        self._stopped = stopped

    def run(self) -> None:
        """Work until stopped."""
        while not self._stopped.wait(self._every_s):
            try:
                self._work()
            except Exception as error:  # noqa: BLE001  (a thread that dies would take its duty with it)
                logger.warning("%s failed: %s", self.name, error)
                connection.close()
        connection.close()


class Heartbeat:
    """Keeps the leases of one host alive while its event loop reacts and its database answers."""

    def __init__(self, host: RunningJobs) -> None:
        self._host = host
        self._stopped = threading.Event()
        # Three quarters of the lease without success: someone may take over soon, so nothing more may be sent.
        self._give_up_s = settings.PONDER_LEASE_S * 0.75
        self._renewed_at_s = self._loop_alive_at_s = time.monotonic()
        every_s = min(settings.PONDER_LEASE_S / 6, 10.0)
        self._threads = [
            _Periodic("heartbeat", every_s, self._renew, self._stopped),
            _Periodic("guard", min(every_s, 1.0), self._guard, self._stopped),
            _Periodic("sweep", LOOKS_EVERY_S, self._sweep, self._stopped),
        ]

    def start(self) -> None:
        """Start the threads."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End the threads."""
        self._stopped.set()
        for thread in self._threads:
            thread.join(timeout=10)

    def _renew(self) -> None:
        running = self._host.tokens()
        # The lease runs from the moment the database got the question, however late its answer comes.
        asked_at_s = time.monotonic()
        renewals = {renewal.job_id: renewal for renewal in leases.renew(self._host.owner, running)}
        self._renewed_at_s = asked_at_s
        for job_id, token in running.items():
            renewal = renewals.get(job_id)
            if renewal and renewal.token == token:
                self._host.wish(job_id, token, renewal.wanted)
                self._host.raise_limit(job_id, token, renewal.budget_nano)
                self._host.hear_hints(job_id, token, renewal.hint_count)
            elif self._host.tokens().get(job_id) == token and not leases.is_ours(job_id, token):
                self._host.stop_job(job_id, token, Stop.FENCED)

    def _guard(self) -> None:
        self._host.tick(self._loop_is_alive)
        now_s = time.monotonic()
        if now_s - self._renewed_at_s > self._give_up_s:
            self._host.stop_all(Stop.FENCED)
        stuck_s = now_s - self._loop_alive_at_s
        if stuck_s > max(self._give_up_s, _LOOP_STUCK_AT_LEAST_S) and self._host.tokens():
            logger.critical(
                "The event loop is not responding; the worker stops so that others can take over."
            )
            os._exit(EXIT_LOOP_STUCK)

    def _sweep(self) -> None:
        # A full worker would not answer: its bells would only pile up in Redis.
        free = self._host.free_slots()
        sweep(most=free)
        if not free:
            make_room(self._host)

    def _loop_is_alive(self) -> None:
        self._loop_alive_at_s = time.monotonic()
