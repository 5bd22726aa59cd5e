"""How often one user may ask for what costs the site time."""

import logging

from django.core.cache import cache

logger = logging.getLogger(__name__)

_WINDOW_S = 60


def within_rate(key: str, *, limit: int) -> bool:
    """Count one more use of `key`, and return whether it is among the first `limit` of its minute.

    Without the cache nobody is refused: whoever is limited here is bounded elsewhere as well.
    """
    try:
        cache.add(f"rate:{key}", 0, _WINDOW_S)
        return cache.incr(f"rate:{key}") <= limit
    except ValueError:  # it ran out between the two
        return True
    except Exception:  # noqa: BLE001  (whatever the client raises means the same here)
        logger.warning("The cache cannot count uses of %s", key.partition(":")[0])
        return True
