"""The services that all tests share."""

import os
import signal
import sys

import pytest
from django.core.cache import cache
from django.db import connection

from tests import run_all
from tests.processes.zygote import Zygote, shared


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


def test_a_zygote_that_dies_at_its_start_is_told_at_once(tmp_path):
    """Whoever asks it for a process reads its last words, rather than waiting for its answer."""
    dead = Zygote(command=[sys.executable, "-c", "import no_such_library"])
    with pytest.raises(AssertionError, match=r"the zygote ended \(1\):(.|\n)*no_such_library"):
        dead.start(["celery"], env={}, log=tmp_path / "log")
    dead.close()


def test_a_run_that_hangs_is_ended_with_its_stack(tmp_path):
    """Rather than waiting for ever, `make test` shows where it hung."""
    program = "import time\n\ndef hang():\n    print('ready', flush=True)\n    time.sleep(3600)\n\nhang()"
    log = tmp_path / "log"
    process = run_all.Program([sys.executable, "-X", "faulthandler", "-c", program], dict(os.environ), log)
    while "ready" not in log.read_text():
        assert process.poll() is None
    assert run_all.wait(process, most_s=0) == -signal.SIGABRT
    assert "in hang" in log.read_text()
    assert process.cpu_s > 0


def test_who_ends_in_order_does_what_it_registered(tmp_path):
    """A run of tests stops the services that it started, and its CPU time is told."""
    program = ["timeit", "-n1", "-r1", "import atexit; atexit.register(print, 'stopped')"]
    for in_order in (True, False):
        log = tmp_path / f"log-{in_order}"
        ended = shared().start(program, env=dict(os.environ), log=log, ends_in_order=in_order)
        assert ended.wait() == 0
        assert ("stopped" in log.read_text()) is in_order
        assert ended.cpu_s > 0
