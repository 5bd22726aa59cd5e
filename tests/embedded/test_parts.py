"""The supervisor's parts, one by one."""

import re
import signal
import sys
import threading
import time
from pathlib import Path

import pytest

from reasoning_app.embedded import UpError, demo, supervisor, terminal
from reasoning_app.embedded.child import Child, wait_until
from reasoning_app.embedded.options import parse
from reasoning_app.embedded.stores import schema
from reasoning_app.embedded.supervisor import StopSignals, Supervisor
from reasoning_app.embedded.web_watch import WebWatch
from tests.processes.services import free_port


class NoServices:
    """Services of which there are none, or some that the test brings."""

    def __init__(self, *children):
        self.children = list(children)


@pytest.fixture
def signals():
    """Signal handlers as the supervisor sets them, put back afterwards."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = [signal.getsignal(number) for number in numbers]
    yield StopSignals()
    for number, handler in zip(numbers, before, strict=True):
        signal.signal(number, handler)


def child(tmp_path, name, *command):
    return Child(name, command, env={"PATH": "/usr/bin:/bin"}, log=tmp_path / f"{name}.log", grace_s=1)


def test_postgresql_that_dies_again_and_again_stops_all(tmp_path, signals, monkeypatch, capsys):
    """Restarting has an end: the message says what died and shows its last words."""
    monkeypatch.setattr(supervisor, "_BACKOFF_S", (0.01,))
    monkeypatch.setattr(supervisor, "_TICK_S", 0.01)
    dying = child(tmp_path, "postgres", "sh", "-c", "echo PANIC: no space; exit 1")
    dying.start()
    with pytest.raises(UpError, match=r"postgres died 5 times in a row(.|\n)*PANIC: no space"):
        Supervisor(NoServices(dying), signals).run()
    assert "starting it again in 0.01 s" in capsys.readouterr().out


def test_second_signal_shortens_the_wait(tmp_path, signals):
    """A process that ignores its stop signal is killed at the second Ctrl-C, with all that it started."""
    stubborn = child(tmp_path, "worker", "sh", "-c", "trap '' TERM; echo ready; sleep 60 & wait; sleep 60")
    stubborn.grace_s = 60
    stubborn.start()
    deadline = time.monotonic() + 300
    while "ready" not in stubborn.last_lines():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    signals.count = 2
    began = time.monotonic()
    assert not stubborn.stop(hurry=signals.hurried)
    assert time.monotonic() - began < 50


def test_stop_kills_what_a_process_left_behind(tmp_path):
    """A child's own children end with it."""
    parent = child(tmp_path, "worker", "sh", "-c", "sleep 61 & echo $!; wait")
    parent.start()
    deadline = time.monotonic() + 300
    while not parent.last_lines():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    grandchild = int(parent.last_lines())
    parent.stop()
    deadline = time.monotonic() + 300
    while _is_alive(grandchild):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def _is_alive(pid):
    try:
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False


def test_log_watcher_shows_warnings_and_only_those(tmp_path, capsys):
    """New lines that warn appear with their process's name; old ones, notes and noise do not."""
    log = tmp_path / "web.log"
    log.write_text("2026 ERROR old: before the start\n")
    watcher = terminal.LogWatcher()
    watcher.follow("web", log)
    with log.open("a") as file:
        file.write("2026 INFO jobs: fine\n2026 WARNING django.request: Not Found: /x\n")
        file.write("2026 ERROR jobs: broken\nValueError: no\n2026 ERROR half a li")
    watcher.poll()
    assert capsys.readouterr().out == "  web | 2026 ERROR jobs: broken\n  web | ValueError: no\n"
    with log.open("a") as file:
        file.write("ne\n" + "ERROR again\n" * 100)
    watcher.poll()
    shown = capsys.readouterr().out.splitlines()
    assert shown[0] == "  web | 2026 ERROR half a line"
    assert shown[-1] == f"  … more in {tmp_path}"
    assert len(shown) < 15


def test_big_log_is_set_aside(tmp_path):
    """A log over 20 MB is kept once and begun anew when its process starts."""
    talker = child(tmp_path, "web", "echo", "new")
    talker.log.write_bytes(b"x" * (20 * 1024 * 1024 + 1))
    talker.start()
    talker.wait(300)
    assert talker.log.read_text() == "new\n"
    assert (tmp_path / "web.log.1").stat().st_size == 20 * 1024 * 1024 + 1


def test_fingerprint_changes_with_migrations_and_packages(tmp_path):
    """A new or changed migration, or other locked packages, ask for a migration."""
    (tmp_path / "app" / "migrations").mkdir(parents=True)
    seen = {schema.fingerprint(tmp_path)}
    for path, text in (("uv.lock", "1"), ("app/migrations/0001.py", "a"), ("app/migrations/0001.py", "b")):
        (tmp_path / path).write_text(text)
        seen.add(schema.fingerprint(tmp_path))
    assert len(seen) == 4


@pytest.mark.parametrize(
    ("env", "wanted"),
    [
        ({}, True),
        ({"OPENAI_API_KEY": "sk"}, False),
        ({"OPENAI_API_KEY": " "}, True),
        ({"ANTHROPIC_API_KEY_FILE": "/run/secrets/key"}, False),
        ({"OPENAI_BASE_URL": "http://127.0.0.1:1234/v1"}, False),
        ({"PONDER_GGUF": "/m/a.gguf"}, False),
        ({"PONDER_MODELS": "openai/gpt-5-mini"}, False),
        ({"PONDER_MODELS": "openai/gpt-5-mini, demo/intern", "OPENAI_API_KEY": "sk"}, True),
    ],
)
def test_demo_model_serves_unless_a_provider_does(env, wanted):
    """The bundled model starts when nothing else is configured, or when the panel names it."""
    assert demo.wants_demo_model(env) is wanted
    assert demo.reason(env)


def test_options_name_the_address_for_people(monkeypatch, tmp_path):
    """Whatever the server listens on, the printed address can be opened on this machine."""
    monkeypatch.delenv("PONDER_BASE_URL", raising=False)
    options = {
        host: parse(["--host", host, "--data-dir", str(tmp_path)]) for host in ("127.0.0.1", "0.0.0.0", "::")
    }
    assert [option.base_url for option in options.values()] == [
        "http://127.0.0.1:8000",
        "http://127.0.0.1:8000",
        "http://[::1]:8000",
    ]
    assert options["::"].bind == "[::]:8000"
    monkeypatch.setenv("PONDER_BASE_URL", "https://ponder.example/")
    assert options["::"].base_url == "https://ponder.example"


def test_step_line_is_short(capsys):
    """A step's line holds its name, its note and, where it took a while, its time."""
    terminal.step("Web", "ready", 1.26)
    terminal.step("Models", "those of your provider", 0)
    assert re.fullmatch(
        r"  Web +ready  \(1\.3 s\)\n  Models +those of your provider\n", capsys.readouterr().out
    )


ANSWERS_ONCE = """
import http.server, time

class Handler(http.server.BaseHTTPRequestHandler):
    asked = 0

    def do_GET(self):
        Handler.asked += 1
        if Handler.asked > 2:
            time.sleep(60)
        self.send_response(503)
        self.end_headers()

http.server.HTTPServer(("127.0.0.1", PORT), Handler).serve_forever()
"""


def test_a_web_server_that_lives_and_does_not_answer_is_restarted(tmp_path, signals, monkeypatch, capsys):
    """Three missed answers are enough; a refusal is an answer, and a start takes its time."""
    monkeypatch.setattr(supervisor, "_BACKOFF_S", (0.01,))
    port = free_port()
    web = Child(
        "web",
        [sys.executable, "-c", ANSWERS_ONCE.replace("PORT", str(port))],
        env={"PATH": "/usr/bin:/bin"},
        log=tmp_path / "web.log",
    )
    watched = Supervisor(NoServices(), signals)
    watched.launch(web)
    first = web.pid
    watched.watch_web(web, WebWatch("127.0.0.1", port, every_s=0.1, timeout_s=0.5))
    stop = threading.Timer(400, lambda: setattr(signals, "count", 1))
    stop.start()
    restarted = threading.Thread(target=lambda: _stop_once(lambda: web.pid != first and web.alive, signals))
    restarted.start()
    watched.run()
    restarted.join()
    stop.cancel()
    assert web.pid != first
    web.kill()
    assert "web runs and does not answer" in capsys.readouterr().out


def _stop_once(condition, signals):
    wait_until(condition, 300)
    signals.count = 1
