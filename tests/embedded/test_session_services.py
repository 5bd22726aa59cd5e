"""The services that all tests share."""

import os
import signal
import subprocess
import sys

import pytest
from django.core.cache import cache
from django.db import connection

from tests import run_all
from tests.processes.zygote import Zygote


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


def test_a_run_that_hangs_is_ended_with_its_stack():
    """Rather than waiting for ever, `make test` shows where it hung."""
    program = "import time\n\ndef hang():\n    print('ready', flush=True)\n    time.sleep(3600)\n\nhang()"
    process = subprocess.Popen(
        [sys.executable, "-X", "faulthandler", "-c", program],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    assert process.stdout.readline() == "ready\n"
    status, _ = run_all.wait(process.pid, most_s=0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == -signal.SIGABRT
    assert "in hang" in process.communicate()[1]
