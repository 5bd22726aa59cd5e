"""The cache: Redis with JSON in it, and this process's own memory while Redis is away or full.

Only counters live here (how often somebody tried to sign in), so losing them is harmless, and refusing people or failing
because of them would not be.
"""

import json
import logging
import time
from collections.abc import Callable
from typing import Any

from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.redis import RedisCache
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)

_AWAY_S = 5.0
"""For how long Redis is not asked again after it failed, so that a request waits for it once at most."""


class JsonSerializer:
    """Numbers, texts, lists and maps as JSON: reading what somebody put into Redis runs no code, unlike pickle."""

    def dumps(self, value: Any) -> int | bytes:
        """Return what Redis keeps; whole numbers stay numbers, so that it can count them up."""
        return value if type(value) is int else json.dumps(value).encode()

    def loads(self, stored: bytes) -> Any:
        """Return the value. Raises ValueError for anything but JSON."""
        return json.loads(stored)


def _or_memory(name: str) -> Callable[..., Any]:
    """Return a method that asks Redis, or this process's memory while Redis does not work."""
    ask_redis = getattr(RedisCache, name)

    def method(cache: "Cache", *args: Any, **kwargs: Any) -> Any:
        if time.monotonic() >= cache.away_until:
            try:
                return ask_redis(cache, *args, **kwargs)
            except RedisError as error:
                logger.warning("Redis is not answering (%s); each process keeps its own counts.", error)
                cache.away_until = time.monotonic() + _AWAY_S
        return getattr(cache.memory, name)(*args, **kwargs)

    return method


class Cache(RedisCache):
    """Django's Redis cache without pickle, which goes on without Redis."""

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        options = {"serializer": JsonSerializer, "socket_timeout": 1, "socket_connect_timeout": 1}
        super().__init__(server, {**params, "OPTIONS": {**options, **params.get("OPTIONS", {})}})
        self.memory = LocMemCache("without-redis", params)
        self.away_until = 0.0

    add = _or_memory("add")
    get = _or_memory("get")
    set = _or_memory("set")
    touch = _or_memory("touch")
    delete = _or_memory("delete")
    has_key = _or_memory("has_key")
    incr = _or_memory("incr")
    get_many = _or_memory("get_many")
    set_many = _or_memory("set_many")
    delete_many = _or_memory("delete_many")
    clear = _or_memory("clear")

    def redis_answers(self) -> bool:
        """Whether Redis itself answers now."""
        try:
            return bool(self._cache.get_client().ping())
        except RedisError:
            return False
