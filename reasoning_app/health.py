"""Whether this web process can do its work, for load balancers and for `make run`."""

import logging

from django.core.cache import cache
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse

logger = logging.getLogger(__name__)


class HealthMiddleware:
    """Answers /healthz before any other middleware: no session, no redirect, any host name."""

    def __init__(self, get_response: object) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer, or pass on."""
        if request.path_info == "/healthz":
            return healthz(request)
        return self.get_response(request)  # type: ignore[operator, no-any-return]


def healthz(request: HttpRequest) -> JsonResponse:
    """Answer 200 where the database answers, else 503. Redis is only reported: a lost doorbell loses no job."""
    del request
    database, redis = _database_answers(), _redis_answers()
    body = {
        "status": "ok" if database else "unavailable",
        "database": "ok" if database else "unreachable",
        "redis": "ok" if redis else "unreachable",
    }
    return JsonResponse(body, status=200 if database else 503, headers={"Cache-Control": "no-store"})


def _database_answers() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        logger.warning("healthz: the database does not answer", exc_info=True)
        return False
    return True


def _redis_answers() -> bool:
    try:
        cache.get("healthz")
    except Exception:  # noqa: BLE001  (whatever the client raises means the same here)
        return False
    return True
