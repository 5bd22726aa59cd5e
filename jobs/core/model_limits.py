"""How many calls each model bears at once, as all workers know it: where Redis keeps that, and reading it for a page."""

import json
import logging
from collections.abc import Mapping

import redis
from django.conf import settings

from solver import ModelLimit

logger = logging.getLogger(__name__)

KEY = "ponder:calls-at-once:"
"""Followed by the model, and after a space by the service tier where that is not the standard one."""
_TIMEOUT_S = 1.0


def redis_address() -> str:
    """Return where Redis is, as its client wants it."""
    return str(settings.CACHES["default"]["LOCATION"])


def read_limit(stored: bytes | str | None) -> ModelLimit:
    """Return the limit that Redis keeps; a new one where it keeps none that this release can read."""
    try:
        return ModelLimit.from_json(json.loads(stored)) if stored else ModelLimit()
    except (ValueError, KeyError, TypeError, AttributeError):
        return ModelLimit()


def limits_by_model() -> Mapping[str, ModelLimit]:
    """Return the limits that all workers share; none without Redis."""
    try:
        with redis.from_url(
            redis_address(), socket_timeout=_TIMEOUT_S, socket_connect_timeout=_TIMEOUT_S
        ) as server:
            keys = sorted(server.scan_iter(f"{KEY}*"))
            found = server.mget(keys) if keys else []
    except redis.RedisError as error:
        logger.warning("Redis is not answering (%s): the limits of models are not shown.", error)
        return {}
    return {
        key.decode().removeprefix(KEY): read_limit(stored)
        for key, stored in zip(keys, found, strict=True)
        if stored
    }
