"""A web worker whose threads are all stuck is replaced, under the real gunicorn and with the real watchdog."""

import http.client
import subprocess
import sys
import time

import pytest

from reasoning_app.embedded.web_watch import answers
from tests.processes.services import ROOT, free_port

# A thread that has nothing to do gets its turn within the long one on a busy machine, too.
SHORT_S, LONG_S = 1.5, 10.0
# /stuck never ends, /waits neither, without a processor's help; /slow ends; all others answer at once.
APPLICATION = """
import time

def application(environ, start_response):
    if environ["PATH_INFO"] == "/stuck":
        while True:
            pass
    if environ["PATH_INFO"] == "/waits":
        time.sleep(600)
    if environ["PATH_INFO"] == "/slow":
        time.sleep(1)
    start_response("200 OK", [("Content-Length", "0")])
    return []
"""
CONFIGURATION = """
from reasoning_app import gunicorn_conf
from reasoning_app.gunicorn_conf import *

gunicorn_conf.STUCK_S = {stuck_s}
threads = 2
graceful_timeout = 1
"""


@pytest.fixture
def web(request, tmp_path):
    """Run gunicorn with two threads, which are stuck after so long; say at which port and where its log is."""
    (tmp_path / "stuck_application.py").write_text(APPLICATION)
    (tmp_path / "conf.py").write_text(CONFIGURATION.format(stuck_s=request.param))
    port, log = free_port(), tmp_path / "log"
    command = [sys.executable, "-m", "gunicorn", "stuck_application", "--config", str(tmp_path / "conf.py")]
    with log.open("wb") as file:
        process = subprocess.Popen(
            [*command, "--bind", f"127.0.0.1:{port}", "--pythonpath", f"{ROOT},{tmp_path}"],
            stdout=file, stderr=file, cwd=ROOT,
        )  # fmt: skip
    try:
        wait_answer(port, 180)
        yield port, log
    finally:
        process.terminate()
        process.wait(180)


def wait_answer(port, within_s):
    ends = time.monotonic() + within_s
    while answers("127.0.0.1", port, timeout_s=0.5) != 200:
        assert time.monotonic() < ends
        time.sleep(0.05)


def wait_said(log, words, within_s):
    """Wait for words in the log: that no answer comes within a moment may be a busy machine's doing."""
    ends = time.monotonic() + within_s
    while words not in log.read_text():
        assert time.monotonic() < ends
        time.sleep(0.05)


def send(port, path):
    """Send a request and do not wait for its answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=300)
    connection.request("GET", path)
    return connection


@pytest.mark.parametrize("web", [SHORT_S], indirect=True)
def test_a_worker_whose_threads_are_all_stuck_is_replaced(web):
    """The site answers again by itself, and the log says where the threads were."""
    port, log = web
    clients = [send(port, "/stuck") for _ in range(2)]
    wait_said(log, "Every thread of this web worker is stuck", 180)
    wait_answer(port, 180)
    assert "stuck_application.py" in log.read_text()
    for client in clients:
        client.close()


@pytest.mark.parametrize("web", [LONG_S], indirect=True)
def test_a_worker_with_a_free_thread_goes_on(web):
    """One endless request costs a thread, not the requests of others."""
    port, log = web
    client = send(port, "/waits")
    for _ in range(int(LONG_S * 1.5)):
        wait_answer(port, 180)
        time.sleep(1)
    assert "is stuck" not in log.read_text()
    client.close()


@pytest.mark.parametrize("web", [LONG_S], indirect=True)
def test_a_busy_worker_is_not_stuck(web):
    """Requests that queue for longer than the limit, and are answered one by one, are work."""
    port, log = web
    clients = [send(port, "/slow") for _ in range(int(LONG_S * 2) + 4)]
    assert {client.getresponse().status for client in clients} == {200}
    assert "is stuck" not in log.read_text()
    for client in clients:
        client.close()
