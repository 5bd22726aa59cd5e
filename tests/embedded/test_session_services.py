"""The services that all tests share."""

import os

import pytest
from django.core.cache import cache
from django.db import connection


@pytest.mark.django_db
def test_tests_run_on_a_postgresql_18_of_their_own():
    """The test database is a PostgreSQL 18 in the test run's directory."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('server_version_num')::int, current_setting('data_directory')")
        version, directory = cursor.fetchone()
    assert version // 10_000 == 18
    assert directory.startswith(os.environ["DATA_DIR"])


def test_tests_have_a_redis_of_their_own():
    """The cache answers, in the test run's directory."""
    cache.set("a", "b")
    assert cache.get("a") == "b"
    assert os.environ["DATA_DIR"] in os.environ["REDIS_URL"]
