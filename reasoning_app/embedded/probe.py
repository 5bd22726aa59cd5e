"""Health checks of the containers: `python reasoning_app/embedded/probe.py web|demo|beat`; exit status 0 is healthy.

Run by path: importing the project would take longer than the check.
"""

import http.client
import os
import socket
import sys
import time
from pathlib import Path

# Beat writes its schedule at least every three minutes.
_BEAT_SILENCE_S = 600.0


def web() -> bool:
    """Whether the web server answers /healthz."""
    connection = http.client.HTTPConnection("127.0.0.1", 8000, timeout=5)
    connection.request("GET", "/healthz")
    return connection.getresponse().status == http.HTTPStatus.OK


def demo(path: str) -> bool:
    """Whether the model server behind a unix socket answers /health."""
    connection = http.client.HTTPConnection("localhost", timeout=5)
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.settimeout(5)
    connection.sock.connect(path)
    connection.request("GET", "/health")
    return connection.getresponse().status == http.HTTPStatus.OK


def beat() -> bool:
    """Whether the clock wrote its schedule lately."""
    data_dir = Path(os.environ.get("DATA_DIR", "/data"))
    written = [path.stat().st_mtime for path in data_dir.glob("celerybeat-schedule*")]
    return bool(written) and time.time() - max(written) < _BEAT_SILENCE_S


def main(arguments: list[str]) -> int:
    """Return 0 where the named process is healthy."""
    name, *paths = arguments
    try:
        healthy = demo(paths[0]) if name == "demo" else {"web": web, "beat": beat}[name]()
    except (OSError, http.client.HTTPException) as error:
        sys.stderr.write(f"{name}: {error}\n")
        return 1
    return 0 if healthy else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
