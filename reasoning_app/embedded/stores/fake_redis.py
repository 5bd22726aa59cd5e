"""A stand-in for Redis where the system has none: `python -m reasoning_app.embedded.stores.fake_redis SOCKET`.

fakeredis brings a server for TCP; this puts it on a unix socket. Its contents end with the process, which is all
that Ponder asks of Redis: PostgreSQL holds the truth, and Redis only rings the bell.
"""

import logging
import os
import socket
import socketserver
import sys
from itertools import count
from pathlib import Path
from typing import Any

from fakeredis import TcpFakeServer
from fakeredis._clients import _tcp_server
from redis.exceptions import ResponseError

# How often each connection looks for messages that others publish to it, in seconds; requests and blocking pops wake
# it at once. The library's hundredth of a second kept an idle Ponder at three percent of a core.
assert hasattr(_tcp_server, "_POLL_INTERVAL"), "this fakeredis names it otherwise"
_tcp_server._POLL_INTERVAL = 0.25  # noqa: SLF001  (there is no option for it)


class _Handler(_tcp_server.TCPFakeRequestHandler):  # type: ignore[misc]
    """Answers a refused command with an error and goes on; the library's handler hangs up."""

    def setup(self) -> None:
        """Let errors be replies like others: “no such script” is a client's usual first answer."""
        super().setup()
        read = self.current_client.read_response

        def read_even_errors() -> Any:
            try:
                return read()
            except ResponseError as error:
                return error

        self.current_client.read_response = read_even_errors


class UnixFakeServer(TcpFakeServer):  # type: ignore[misc]
    """fakeredis's server on a unix socket; its clients, which have no address there, are numbered."""

    address_family = socket.AF_UNIX

    def __init__(self, path: str) -> None:
        self._numbers = count(1)
        super().__init__(path)
        self.RequestHandlerClass = _Handler
        self.daemon_threads = True

    def server_bind(self) -> None:
        """Bind with access for the owner alone."""
        previous = os.umask(0o177)
        try:
            socketserver.TCPServer.server_bind(self)
        finally:
            os.umask(previous)

    def get_request(self) -> tuple[socket.socket, tuple[str, int]]:
        """Accept a client and give it a number for an address."""
        connection, _ = super().get_request()
        return connection, ("unix", next(self._numbers))


def main() -> None:
    """Serve until a signal ends the process."""
    logging.basicConfig(level=logging.WARNING, format="{asctime} {levelname} {name}: {message}", style="{")
    path = Path(sys.argv[1])
    path.unlink(missing_ok=True)
    UnixFakeServer(str(path)).serve_forever(poll_interval=60)


if __name__ == "__main__":
    main()
