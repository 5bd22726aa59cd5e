"""A real server of the intern, started once for this folder."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.processes.services import free_port

ROOT = Path(__file__).parents[2]
PROBLEM = "Use 3, 7, 12, 25 to make 58."


def start(*options: str, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "demo_model.server", *options],
        cwd=ROOT,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def stop(process: subprocess.Popen[str]) -> tuple[str, str]:
    process.terminate()
    return process.communicate(timeout=300)


@pytest.fixture(scope="package")
def intern_url() -> Iterator[str]:
    """The address of a running intern."""
    port = free_port()
    process = start("--model", "intern", "--port", str(port))
    assert process.stdout is not None
    line = process.stdout.readline()
    if line != "ready\n":
        pytest.fail(f"the server did not start: {stop(process)}")
    yield f"http://127.0.0.1:{port}"
    assert process.poll() is None, "the server must outlive every test"
    stop(process)
