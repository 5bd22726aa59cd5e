"""Starting and ending: clear errors, one line, exit code 2; no server outlives its parent."""

import argparse
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from demo_model import engine, server
from demo_model.engine import WEIGHTS
from tests.demo_model.conftest import ROOT, free_port, start, stop

RSS_LIMIT_MB = 150


def refused(*options: str) -> str:
    process = start("--port", str(free_port()), *options)
    out, errors = process.communicate(timeout=300)
    assert (process.returncode, out) == (2, "")
    return errors


def alive(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1][:3]
    except FileNotFoundError:
        return False


def test_a_missing_file_is_told(tmp_path):
    """The message names the file and what may be given."""
    message = refused("--model", str(tmp_path / "none.gguf"))
    assert "none.gguf (no such file or directory)" in message
    assert "'intern', 'expert', 'thinker', 'writer', or the path of a GGUF file" in message
    assert message.count("\n") == 1


@pytest.mark.parametrize("kind", ["empty", "text", "cut", "garbage", "folder"])
def test_a_broken_file_is_told(tmp_path, kind):
    """Whatever is wrong with the file, one line says so."""
    path = tmp_path / "broken.gguf"
    whole = (WEIGHTS / "intern.gguf").read_bytes()
    content = {
        "empty": b"",
        "text": b"hello " * 50,
        "cut": whole[: len(whole) // 2],
        "garbage": b"GGUF" + b"\xa5" * 9_999,
    }
    if kind == "folder":
        path.mkdir()
    else:
        path.write_bytes(content[kind])
    message = refused("--model", str(path))
    assert "broken.gguf" in message
    assert message.count("\n") == 1


def test_a_taken_port_is_told(tmp_path):
    """The message names the port and the way out."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        message = refused("--model", "intern", "--port", str(port))
    assert f"Cannot listen on port {port}" in message
    assert "--port" in message


def test_an_ordinary_file_is_never_taken_for_a_socket(tmp_path):
    """A wrong --socket destroys nothing."""
    path = tmp_path / "notes.txt"
    path.write_text("keep me")
    assert "is no socket" in refused("--model", "intern", "--socket", str(path))
    assert path.read_text() == "keep me"


def test_another_gguf_is_served_on_a_unix_socket_within_its_memory(tmp_path):
    """Any GGUF can be given by its path; SIGTERM ends the server and removes the socket."""
    model, path = tmp_path / "My-Model.gguf", tmp_path / "s.sock"
    shutil.copy(WEIGHTS / "expert.gguf", model)
    process = start("--model", str(model), "--socket", str(path), "--context", "768")
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(path))
        client.sendall(b"GET /v1/models HTTP/1.0\r\n\r\n")
        client.settimeout(300)
        assert b'"id": "My-Model"' in b"".join(iter(lambda: client.recv(4096), b""))
    assert path.stat().st_mode & 0o077 == 0
    status = Path(f"/proc/{process.pid}/status").read_text()
    assert int(status.split("VmRSS:")[1].split()[0]) / 1000 < RSS_LIMIT_MB
    began = time.monotonic()
    stop(process)
    assert process.returncode == 0
    assert time.monotonic() - began < 120
    assert not path.exists()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the parent's death is told by Linux only")
def test_the_server_ends_with_its_parent(tmp_path):
    """A parent that is killed outright takes its server along."""
    code = (
        "import os, subprocess, sys, time\n"
        "env = {**os.environ, 'PONDER_PARENT_PID': str(os.getpid())}\n"
        "server = [sys.executable, '-m', 'demo_model.server', '--model', 'intern']\n"
        f"server += ['--socket', {str(tmp_path / 's')!r}]\n"
        "child = subprocess.Popen(server, env=env, stdout=subprocess.PIPE, text=True)\n"
        "print(child.stdout.readline().strip(), child.pid, flush=True)\n"
        "time.sleep(600)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    word, pid = parent.stdout.readline().split()
    assert word == "ready"
    os.kill(parent.pid, signal.SIGKILL)
    parent.communicate()
    deadline = time.monotonic() + 300
    while alive(int(pid)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not alive(int(pid))


def test_the_end_of_a_server_never_waits_for_llama_cpp(tmp_path, monkeypatch):
    """Its threads may never end, and whoever drops its server waits for them: the process ends without."""
    dropped: list[str] = []

    class Native:
        def __del__(self) -> None:
            dropped.append("waits for its threads")

    async def serve(_make, place) -> None:
        place.close()

    monkeypatch.setattr(server, "_NATIVE", [])
    monkeypatch.setattr(server, "serve", serve)
    monkeypatch.setattr(engine, "start", lambda *_args, **_options: Native())
    options = argparse.Namespace(
        model="intern", host="127.0.0.1", port=free_port(), socket=None, slots=1, context=768, threads=1
    )
    server.serve_model(options, tmp_path / "inner")
    assert dropped == []
