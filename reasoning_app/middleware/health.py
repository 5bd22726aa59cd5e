"""Whether this web process can do its work, for load balancers and for `make run`."""

import logging
from functools import cache as once

from django.conf import settings
from django.core.cache import cache
from django.db import DatabaseError, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

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


@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """Answer 200 where the database answers and has the tables that this code needs, else 503.

    Redis is only reported: a lost wake-up loses no job.
    """
    del request
    database, redis = _database(), _redis_answers()
    ready = database == "ok"
    body = {
        "status": "ok" if ready else "unavailable",
        "version": settings.PONDER_VERSION,
        "database": database,
        "redis": "ok" if redis else "unreachable",
    }
    return JsonResponse(body, status=200 if ready else 503, headers={"Cache-Control": "no-store"})


_tables_fit = False


def _database() -> str:
    """Return `ok`, `unreachable`, or `behind` before the code's migrations are applied."""
    global _tables_fit  # noqa: PLW0603  (tables that fit once fit for as long as this process runs)
    try:
        if _tables_fit:
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1")
        else:
            _tables_fit = needed_migrations() <= MigrationRecorder(connection).applied_migrations().keys()
    except DatabaseError:
        logger.warning("healthz: the database is not answering", exc_info=True)
        return "unreachable"
    return "ok" if _tables_fit else "behind"


@once
def needed_migrations() -> frozenset[tuple[str, str]]:
    """Return the migrations that this code brings, as (application, name)."""
    return frozenset(MigrationLoader(None).disk_migrations)


def _redis_answers() -> bool:
    return bool(cache.redis_answers())  # type: ignore[attr-defined]  # our own backend says so
