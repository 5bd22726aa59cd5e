"""`manage.py up` from outside: real starts, real signals, real crashes."""

import json
import os
import re
import signal
import socket
import subprocess
import time
import urllib.request
from pathlib import Path

import pytest

from reasoning_app import __version__
from tests.processes.services import PYTHON, ROOT, free_port, plain_environment, start_instance

_UP = [PYTHON, "-m", "reasoning_app.embedded"]


def processes_of(data_dir: Path) -> dict[int, str]:
    """Return the processes that were started for a data directory: pid and command."""
    marker, found = os.fsencode(data_dir), {}
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and int(entry.name) != os.getpid():
                command = (entry / "cmdline").read_bytes()
                # Redis writes its title over its environment.
                if marker in command or b"DATA_DIR=" + marker in (entry / "environ").read_bytes().split(
                    b"\0"
                ):
                    found[int(entry.name)] = command.replace(b"\0", b" ").decode()
        except OSError:
            continue
    return found


def pid_of(data_dir: Path, words: str) -> int:
    """Return the first process of the instance whose command contains `words`."""
    return min(pid for pid, command in processes_of(data_dir).items() if words in command)


def wait_nothing_left(data_dir: Path, timeout_s: float = 180) -> None:
    deadline = time.monotonic() + timeout_s
    while left := processes_of(data_dir):
        assert time.monotonic() < deadline, left
        time.sleep(0.05)


@pytest.fixture
def data_dir(tmp_path):
    """A data directory whose processes are all gone at the end."""
    directory = tmp_path / "data"
    yield directory
    left = processes_of(directory)
    for pid in left:
        os.kill(pid, signal.SIGKILL)
    assert left == {}


def test_first_start_crashes_and_the_next_start(data_dir):
    """The first start works, vital processes come back, kill -9 takes all along, and `make run` then starts quickly."""
    up = start_instance(data_dir, "--no-sample")
    up.wait_healthy()
    up.wait_for(r"Ponder is running at http://127\.0\.0\.1:\d+")
    _second_start_is_refused(up)
    _killed_processes_come_back(up)

    up.process.kill()
    up.process.wait()
    wait_nothing_left(data_dir)

    printed = _make_run_until_ctrl_c(data_dir)
    assert "Tables" not in printed, "migrated again without need"
    # A make within a make may say once more where it was.
    ends = [line for line in printed.splitlines() if not line.startswith("make")]
    assert ends[-1].startswith("Stopped after"), printed
    assert processes_of(data_dir) == {}


def _second_start_is_refused(up):
    second = subprocess.run(
        [*_UP, "--port", str(free_port()), "--data-dir", str(up.data_dir)],
        cwd=ROOT, env=plain_environment(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert second.returncode == 2
    assert f"in use by manage.py up (process {up.process.pid}), at {up.base_url}" in second.stderr


def _killed_processes_come_back(up):
    for words in ("postgres -D", "gunicorn", "redis"):
        os.kill(pid_of(up.data_dir, words), signal.SIGKILL)
    for name in ("postgres", "web", "redis"):
        up.wait_for(rf"{name} ended \(status -9\); starting it again")
    deadline = time.monotonic() + 400
    well = {"status": "ok", "version": __version__, "database": "ok", "redis": "ok"}
    while _health(up.base_url) != well:
        assert time.monotonic() < deadline
        time.sleep(0.1)


def _health(base_url):
    try:
        with urllib.request.urlopen(f"{base_url}/healthz", timeout=60) as reply:
            return json.load(reply)
    except OSError:
        return None


def _make_run_until_ctrl_c(data_dir):
    """Start with `make run`, interrupt the whole group as a keyboard does, and return what was printed."""
    output = data_dir.with_name("output")
    with output.open("wb") as file:
        make = subprocess.Popen(
            ["make", "run", f"PORT={free_port()}", f"DATA_DIR={data_dir}"],
            cwd=ROOT, env=plain_environment(PONDER_DRAIN_S="5"), stdin=subprocess.DEVNULL, stdout=file, stderr=file,
            start_new_session=True,
        )  # fmt: skip
        deadline = time.monotonic() + 400
        while "Stop: Ctrl-C" not in output.read_text():
            assert time.monotonic() < deadline, output.read_text()
            time.sleep(0.05)
        os.killpg(make.pid, signal.SIGINT)
        # A call that is under way may take all of PONDER_DRAIN_S.
        make.wait(400)
    return output.read_text()


def test_stop_while_starting_leaves_nothing(data_dir):
    """A start that is interrupted in its first second ends at once and in order."""
    up = start_instance(data_dir, "--no-sample")
    up.wait_for(r"Redis +ready")
    assert up.stop(signal.SIGTERM) == 0
    assert processes_of(data_dir) == {}


def refused(*arguments, wrapper=(), **extra):
    """Run `up` that must refuse to start; return its message."""
    done = subprocess.run(
        [*wrapper, *_UP, *arguments],
        cwd=ROOT, env=plain_environment(**extra), capture_output=True, text=True, check=False, timeout=400,
    )  # fmt: skip
    assert done.returncode != 0, done.stdout
    assert "Traceback" not in done.stderr
    return done.stderr


def test_taken_port_is_told_before_anything_starts(data_dir):
    """The message names the port and the way out; no file is made."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        message = refused("--port", str(port), "--data-dir", str(data_dir))
    assert f"Port {port} on 127.0.0.1 is taken" in message
    assert "make run PORT=" in message
    assert not data_dir.exists()


@pytest.mark.parametrize("port", ["0", "65536", "-1", "http", "８０"])
def test_impossible_port_is_told(data_dir, port):
    """Only 1 to 65535 is a port."""
    assert "is not a port. Use a whole number from 1 to 65535." in refused(
        f"--port={port}", f"--data-dir={data_dir}"
    )


def test_host_of_another_machine_is_told(data_dir):
    """Listening needs an address of this machine."""
    assert "Cannot listen on 192.0.2.1" in refused("--host=192.0.2.1", f"--data-dir={data_dir}")
    assert "Unknown host “no.such.host.invalid”" in refused(
        "--host=no.such.host.invalid", f"--data-dir={data_dir}"
    )


def test_wrong_number_in_the_environment_is_told(data_dir):
    """A setting that the supervisor reads itself is checked before anything starts."""
    message = refused(f"--port={free_port()}", f"--data-dir={data_dir}", PONDER_DRAIN_S="soon")
    assert "PONDER_DRAIN_S: “soon” is not a whole number" in message
    assert not data_dir.exists()


def test_data_directory_that_is_a_file_is_told(tmp_path):
    """A data directory under a file cannot be made."""
    (tmp_path / "file").touch()
    message = refused(f"--port={free_port()}", f"--data-dir={tmp_path}/file/data")
    assert f"Cannot write in the data directory {tmp_path}/file/data" in message
    assert "make run DATA_DIR=" in message


_needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a small disk")


def on_mount(options, directory):
    """Return a command that runs another where `directory` is a small disk of its own."""
    script = f'mount -t tmpfs -o {options} none "{directory}" && exec "$@"'
    return ["unshare", "--mount", "sh", "-c", script, "sh"]


@_needs_root
def test_full_disk_is_told(tmp_path):
    """A nearly full disk is noticed before PostgreSQL starts on it."""
    wrapper = on_mount("size=20m", tmp_path)
    message = refused(f"--port={free_port()}", f"--data-dir={tmp_path}/data", wrapper=wrapper)
    assert re.search(r"has \d+ MB left; Ponder needs 300 MB to start", message)
    wrapper = on_mount("size=4k,nr_inodes=4", tmp_path)
    message = refused(f"--port={free_port()}", f"--data-dir={tmp_path}/data", wrapper=wrapper)
    assert "No space left on device" in message


@_needs_root
def test_read_only_directory_is_told(tmp_path):
    """A directory that cannot be written, not even by root, is named."""
    message = refused(
        f"--port={free_port()}", f"--data-dir={tmp_path}/data", wrapper=on_mount("ro", tmp_path)
    )
    assert "Read-only file system" in message
