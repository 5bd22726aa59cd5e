"""Deadlocks: PostgreSQL ends one of two transactions that wait for each other; the one that it ended tries again."""

import logging
import random
import time
from collections.abc import Callable
from functools import wraps

from django.db import OperationalError, connection
from psycopg.errors import DeadlockDetected

logger = logging.getLogger(__name__)

MAX_TRIES = 5
MAX_FIRST_PAUSE_S = 0.1


def again_after_deadlock[**P, T](action: Callable[P, T]) -> Callable[P, T]:
    """Run a transaction again if a deadlock ended it, at most MAX_TRIES times; inside of another one its caller does.

    It pauses first, for a random time that may double with each try: a transaction that begins anew at once may take
    its first row again before the one that waited for that row wakes up, and both wait for each other once more.
    """

    @wraps(action)
    def run(*args: P.args, **kwargs: P.kwargs) -> T:
        if connection.in_atomic_block:
            return action(*args, **kwargs)
        for number in range(MAX_TRIES - 1):
            try:
                return action(*args, **kwargs)
            except OperationalError as error:
                if not isinstance(error.__cause__, DeadlockDetected):
                    raise
                logger.warning("%s met a deadlock and is tried again", action.__name__)
            time.sleep(random.uniform(0.2, 1) * MAX_FIRST_PAUSE_S * 2**number)  # noqa: S311  (no secret)
        return action(*args, **kwargs)

    return run
