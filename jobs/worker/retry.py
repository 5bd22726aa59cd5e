"""Doing a transaction although the database restarts."""

import logging
import time
from collections.abc import Callable

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection

logger = logging.getLogger(__name__)

_FIRST_PAUSE_S = 0.2
_LONGEST_PAUSE_S = 2.0


def retry_while_database_is_down[T](work: Callable[[], T]) -> T:
    """Do a transaction under a lease, again and again while the database does not answer; at most for a lease.

    It must be harmless to repeat: one that was applied, with only its confirmation lost, finds its lease gone.
    """
    give_up_s, pause_s = time.monotonic() + settings.PONDER_LEASE_S, _FIRST_PAUSE_S
    while True:
        try:
            return work()
        except (OperationalError, InterfaceError) as error:
            connection.close()
            if time.monotonic() > give_up_s:
                raise
            logger.warning("The database does not answer (%s); trying again in %.1f s.", error, pause_s)
            time.sleep(pause_s)
            pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)
