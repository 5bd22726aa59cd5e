"""The proxy of the stack (deploy/nginx.conf), run for real in front of a web server with two threads."""

import http.client
import os
import re
import select
import shutil
import socket
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from tests.processes.services import free_port

ROOT = Path(__file__).resolve().parents[2]
NGINX = shutil.which("nginx") or "/usr/sbin/nginx"
# Several times as long as the proxy bears half a request (client_header_timeout).
PATIENCE_S = 90
ROUNDS = 6
# As root its workers would be `nobody`, who may not enter the test's directory.
_GLOBALS = "daemon off;" + (" user root;" if os.geteuid() == 0 else "")
# Answers with what reached it; /large with more than a socket takes at once.
_WEB = """
import json

def application(environ, start_response):
    body = environ["wsgi.input"].read()
    headers = {name: value for name, value in environ.items() if name.startswith("HTTP_")}
    start_response("200 OK", [("Content-Type", "application/json")])
    large = "x" * 3_500_000 if environ["PATH_INFO"] == "/large" else ""
    return [json.dumps({"headers": headers, "bytes": len(body), "large": large}).encode()]
"""


def wait_for(port, process):
    """Wait until the process listens."""
    ends = time.monotonic() + 120
    while time.monotonic() < ends:
        assert process.poll() is None, process.args
        with socket.socket() as client:
            if client.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError("nothing listens")


@pytest.fixture(scope="module")
def proxy(tmp_path_factory):
    """The port of an nginx with the stack's configuration, in front of gunicorn with two threads."""
    if not Path(NGINX).exists():
        pytest.skip("nginx is not installed")
    place = tmp_path_factory.mktemp("proxy")
    (place / "two_threads.py").write_text(textwrap.dedent(_WEB))
    web, front = free_port(), free_port()
    text = (ROOT / "deploy/nginx.conf").read_text()
    for old, new in [
        ("web:8000", f"127.0.0.1:{web}"),
        ("listen 8080", f"listen 127.0.0.1:{front}"),
        ("/tmp/", f"{place}/"),
    ]:
        assert old in text
        text = text.replace(old, new)
    (place / "nginx.conf").write_text(text)
    started = []
    try:
        for port, command in [
            (web, [sys.executable, "-m", "gunicorn", "two_threads", "--bind", f"127.0.0.1:{web}", "--chdir", str(place),
                   "--worker-class", "gthread", "--workers", "1", "--threads", "2", "--no-control-socket"]),
            (front, [NGINX, "-c", str(place / "nginx.conf"), "-p", str(place), "-e", "stderr", "-g", _GLOBALS]),
        ]:  # fmt: skip
            started.append(subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
            wait_for(port, started[-1])
        yield front
    finally:
        for process in reversed(started):
            process.terminate()
            process.wait(180)


def ask(port, path="/", headers=None, body=None):
    """Return status and parsed answer of a request through the proxy."""
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
    client.request("POST" if body is not None else "GET", path, body=body, headers=headers or {})
    reply = client.getresponse()
    content = reply.read().decode()
    client.close()
    return reply.status, content


def test_half_requests_keep_no_thread(proxy):
    """Clients that send half a request line, half of the headers or a promised body stop nobody."""
    # Where the answers took so long that the proxy gave the others up, they say nothing.
    assert any(are_answered_beside_half_requests(proxy) for _ in range(ROUNDS))


def are_answered_beside_half_requests(proxy):
    """Whether five requests are answered while all the half ones are still held."""
    held = []
    for beginning in [
        b"GET / HT",
        b"GET / HTTP/1.1\r\nHost: a\r\nX-Half",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nx",
    ]:
        for _ in range(7):
            client = socket.create_connection(("127.0.0.1", proxy), timeout=60)
            client.sendall(beginning)
            held.append(client)
    assert [ask(proxy)[0] for _ in range(5)] == [200] * 5
    given_up, _, _ = select.select(held, [], [], 0)
    for client in held:
        client.close()
    return not given_up


def test_slow_readers_keep_no_thread(proxy):
    """Eight clients that ask for a large page and do not read it stop nobody."""
    held = []
    for _ in range(8):
        client = socket.socket()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.connect(("127.0.0.1", proxy))
        client.sendall(b"GET /large HTTP/1.1\r\nHost: a\r\n\r\n")
        held.append(client)
    time.sleep(1)
    assert [ask(proxy)[0] for _ in range(5)] == [200] * 5
    for client in held:
        client.close()


def test_one_address_and_the_scheme_reach_the_web_server(proxy):
    """A proxy in front says who the client is and that it came by https; a list it sends becomes one address."""
    _, content = ask(
        proxy,
        headers={
            "X-Forwarded-For": "6.6.6.6, 203.0.113.7",
            "X-Forwarded-Proto": "https",
            "Host": "p.example",
        },
    )
    assert '"HTTP_X_FORWARDED_FOR": "203.0.113.7"' in content
    assert '"HTTP_X_FORWARDED_PROTO": "https"' in content
    assert '"HTTP_HOST": "p.example"' in content


def test_without_a_proxy_in_front_it_is_http(proxy):
    """Whoever comes without a proxy in front came by plain HTTP, from the address of the connection."""
    _, content = ask(proxy)
    assert '"HTTP_X_FORWARDED_FOR": "127.0.0.1"' in content
    assert '"HTTP_X_FORWARDED_PROTO": "http"' in content


def test_large_bodies_are_refused_before_the_web_server(proxy):
    """More than Django takes is refused at once, as 413."""
    from django.conf import settings

    assert ask(proxy, body=b"x" * 1_000_000)[0] == 200
    assert (
        ask(proxy, headers={"Content-Length": str(settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1)}, body=b"x")[0]
        == 413
    )
    limit = re.search(r"client_max_body_size (\d+)m;", (ROOT / "deploy/nginx.conf").read_text())
    assert int(limit[1]) * 1024 * 1024 == settings.DATA_UPLOAD_MAX_MEMORY_SIZE
