"""What holds in the web process alone."""

import re
import subprocess
import sys

from reasoning_app import gunicorn_conf
from tests.processes.services import ROOT

SHOW = """
import reasoning_app.wsgi
from django.db import connection
with connection.cursor() as cursor:
    cursor.execute("SHOW statement_timeout")
    print(*cursor.fetchone())
connection.close_pool()
"""


def test_no_statement_of_a_page_runs_for_ever(db):
    """The server ends it after half a minute; workers and commands may take longer."""
    done = subprocess.run(
        [sys.executable, "-c", SHOW], cwd=ROOT, capture_output=True, text=True, timeout=300, check=True
    )
    assert done.stdout.strip() == "30s"


def test_a_connection_outlives_the_pause_between_two_looks_of_an_open_page():
    """Otherwise the page asks just when the server closes it, and is cut off now and then."""
    script = (ROOT / "static/js/live.js").read_text()
    assert gunicorn_conf.keepalive > 2 * int(re.search(r"const ACTIVE = (\d+);", script)[1]) / 1000
