"""Redis may be refusing, full or silent: signing in goes on, its limits too, and nothing in Redis is ever run."""

import pickle
import socketserver
import threading

import pytest
import redis
from django.conf import settings as django_settings
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from accounts.models import User
from tests.processes.services import free_port
from tests.support.people import make_user
from tests.web.accounts.test_sign_in import code_in

PASSWORD = "correct horse battery"


class FullRedis(socketserver.StreamRequestHandler):
    """Answers every command as Redis does when its memory is full."""

    def handle(self) -> None:
        while head := self.rfile.readline():
            for _ in range(int(head[1:])):
                self.rfile.read(int(self.rfile.readline()[1:]) + 2)
            self.wfile.write(b"-OOM command not allowed when used memory > 'maxmemory'.\r\n")


class SilentRedis(socketserver.StreamRequestHandler):
    """Takes commands and never answers; whoever connects waits for it in vain."""

    waited_for = 0

    def handle(self) -> None:
        SilentRedis.waited_for += 1
        while self.rfile.readline():
            pass


@pytest.fixture(params=["refusing", "full", "silent"])
def broken_redis(request, settings):
    """The cache talks to a Redis that does not do its work."""
    handler = {"full": FullRedis, "silent": SilentRedis}.get(request.param)
    SilentRedis.waited_for = 0
    if handler is None:
        _use(settings, free_port())
        yield
        return
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        _use(settings, server.server_address[1])
        yield
        server.shutdown()


def _use(settings, port: int) -> None:
    location = f"redis://127.0.0.1:{port}/0"
    settings.CACHES = {"default": {**django_settings.CACHES["default"], "LOCATION": location}}
    cache.memory.clear()


@pytest.fixture
def ada(db) -> User:
    user = make_user("ada@example.org")
    user.set_password(PASSWORD)
    user.save()
    return user


def test_signing_in_and_up_goes_on_without_redis(ada, outbox, broken_redis, monkeypatch):
    """By code, by password, with a wrong password, and as a new user: no page fails, one in all waits for Redis."""
    monkeypatch.setattr("reasoning_app.cache._AWAY_S", 600.0)
    by_code, by_password, newcomer = Client(), Client(), Client()
    by_code.post(reverse("account_request_login_code"), {"email": ada.email})
    by_code.post(reverse("account_confirm_login_code"), {"code": code_in(outbox[-1])})
    wrong = by_password.post(reverse("account_login"), {"login": ada.email, "password": "no"})
    assert (wrong.status_code, "error-summary" in wrong.content.decode()) == (200, True)
    by_password.post(reverse("account_login"), {"login": ada.email, "password": PASSWORD})
    newcomer.post(reverse("account_signup"), {"email": "new@example.org"})
    newcomer.post(reverse("account_email_verification_sent"), {"code": code_in(outbox[-1])})
    for client in (by_code, by_password, newcomer):
        assert client.get(reverse("settings")).status_code == 200
    # Not asked again while it is away. redis-py connects anew once before it gives up.
    assert SilentRedis.waited_for <= 2


def test_limits_hold_without_redis(ada, broken_redis):
    """Each process then counts for itself."""
    client = Client()
    tries = [client.post(reverse("account_login"), {"login": ada.email, "password": "no"}) for _ in range(7)]
    assert "Too many" in tries[-1].content.decode()


def test_health_says_that_redis_is_away(client, db, broken_redis):
    """The site is ready, and says what is missing."""
    reply = client.get("/healthz")
    assert reply.status_code == 200
    assert reply.json()["redis"] == "unreachable"


def test_a_pickle_in_redis_is_not_run(client, db, tmp_path):
    """Who can write to Redis can change counts, and run no code in the web server."""
    trace = tmp_path / "it-ran"

    class Bomb:
        def __reduce__(self):
            return trace.touch, ()

    server = redis.from_url(django_settings.CACHES["default"]["LOCATION"])
    for key in ("healthz", "x"):
        for version in (1, cache.version):
            server.set(f":{version}:{key}", pickle.dumps(Bomb()), ex=60)
    client.get("/healthz")
    with pytest.raises(ValueError, match="0x80"):
        cache.get("x")
    assert not trace.exists()


def test_what_is_kept_comes_back_as_it_was(db):
    """Counts, times and flags, which is all that is kept."""
    for value in (7, [1764412345.25, 3.5], True, "text", {"a": [1, None]}):
        cache.set("tests", value, 60)
        assert cache.get("tests") == value
    cache.set("tests", 7, 60)
    assert cache.incr("tests") == 8
    assert cache.get("nothing-there") is None
