"""The stand-in for Redis, spoken to by a real client."""

import subprocess

import pytest
import redis

from reasoning_app.embedded.child import wait_until
from reasoning_app.embedded.stores.redis_server import answers_ping
from tests.processes.services import PYTHON, ROOT


@pytest.fixture
def client(tmp_path):
    """A client of a stand-in of its own."""
    path = tmp_path / "redis.sock"
    server = subprocess.Popen([PYTHON, "-m", "reasoning_app.embedded.stores.fake_redis", str(path)], cwd=ROOT)
    try:
        assert wait_until(lambda: answers_ping(path), 180)
        yield redis.Redis(unix_socket_path=str(path), single_connection_client=True)
    finally:
        server.kill()
        server.wait()


def test_an_error_does_not_end_the_connection(client):
    """A worker asks for scripts that are not loaded yet: it must be told so, not hung up on."""
    number = client.client_id()
    with pytest.raises(redis.exceptions.NoScriptError):
        client.evalsha("0" * 40, 0)
    with pytest.raises(redis.exceptions.ResponseError):
        client.execute_command("NO-SUCH-COMMAND")
    assert client.client_id() == number
