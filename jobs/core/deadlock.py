"""Deadlocks: PostgreSQL ends one of two transactions that wait for each other; the one that it ended tries once more."""

import logging
from collections.abc import Callable
from functools import wraps

from django.db import OperationalError, connection
from psycopg.errors import DeadlockDetected

logger = logging.getLogger(__name__)


def again_after_deadlock[**P, T](action: Callable[P, T]) -> Callable[P, T]:
    """Run a transaction once more if a deadlock ended it; inside of another transaction that one's caller does."""

    @wraps(action)
    def run(*args: P.args, **kwargs: P.kwargs) -> T:
        if connection.in_atomic_block:
            return action(*args, **kwargs)
        try:
            return action(*args, **kwargs)
        except OperationalError as error:
            if not isinstance(error.__cause__, DeadlockDetected):
                raise
            logger.warning("%s met a deadlock and is tried once more", action.__name__)
            return action(*args, **kwargs)

    return run
