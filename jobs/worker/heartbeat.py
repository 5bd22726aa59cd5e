"""The heartbeat: a thread of its own with its own connection renews leases, hears wishes and guards the loop.

On the event loop it would starve together with it: that gave false takeovers in trials.
"""

import logging
import os
import threading
import time
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import connection

from jobs.services.sweep import sweep
from jobs.worker import lease as leases
from solver.control import Stop

if TYPE_CHECKING:
    from jobs.worker.host import WorkerHost

logger = logging.getLogger(__name__)

_SWEEP_EVERY_S = 5.0
EXIT_LOOP_STUCK = 70
# Under a short lease a slow machine may hold the loop up for longer without harm: the fence keeps the books right.
_LOOP_STUCK_AT_LEAST_S = 20.0


class Heartbeat(threading.Thread):
    """Renews the leases of one host every sixth of their length."""

    def __init__(self, host: "WorkerHost") -> None:
        super().__init__(name="heartbeat", daemon=True)
        self._host = host
        self._stopped = threading.Event()
        self._every_s = settings.PONDER_LEASE_S / 6
        # Three quarters of the lease without success: someone may take over soon, so nothing more may be sent.
        self._give_up_s = settings.PONDER_LEASE_S * 0.75
        self._renewed_at_s = time.monotonic()
        self._loop_alive_at_s = time.monotonic()

    def run(self) -> None:
        """Beat until stopped."""
        next_sweep_s = 0.0
        while not self._stopped.wait(min(self._every_s, _SWEEP_EVERY_S)):
            self._host.tick(self._loop_is_alive)
            try:
                self._renew()
                if time.monotonic() >= next_sweep_s:
                    next_sweep_s = time.monotonic() + _SWEEP_EVERY_S
                    sweep()
            except Exception as error:  # noqa: BLE001  (whatever happens, the next beat tries again)
                logger.warning("Heartbeat failed: %s", error)
                connection.close()
            self._guard()
        connection.close()

    def stop(self) -> None:
        """End the thread."""
        self._stopped.set()
        self.join(timeout=10)

    def _renew(self) -> None:
        before = self._host.tokens()
        renewals = {renewal.job_id: renewal for renewal in leases.renew(self._host.owner)}
        self._renewed_at_s = time.monotonic()
        for job_id, token in before.items():
            renewal = renewals.get(job_id)
            if renewal and renewal.token == token:
                self._host.wish(job_id, token, renewal.wanted)
            elif self._host.tokens().get(job_id) == token and not leases.is_ours(job_id, token):
                self._host.stop_job(job_id, token, Stop.FENCED)

    def _guard(self) -> None:
        now_s = time.monotonic()
        if now_s - self._renewed_at_s > self._give_up_s:
            self._host.stop_all(Stop.FENCED)
        if (
            now_s - self._loop_alive_at_s > max(self._give_up_s, _LOOP_STUCK_AT_LEAST_S)
            and self._host.tokens()
        ):
            logger.critical("The event loop does not react; the worker ends so that others can take over.")
            os._exit(EXIT_LOOP_STUCK)

    def _loop_is_alive(self) -> None:
        self._loop_alive_at_s = time.monotonic()
