"""One request and its reply, within bytes and seconds, to exactly the machine that was looked up. Everything blocks."""

import contextlib
import http.client
import socket
import ssl
import threading
import time
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from tools.web.address import Target

_CHUNK_BYTES = 64 << 10
_CONNECT_S = 8.0


class NotReached(OSError):
    """No connection was made, or none that is safe, so nothing was asked."""


class BadReply(ValueError):
    """A reply that is not read on; the message says why."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What a server said. `headers` have lower-case names; the body is unpacked."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Deadline:
    """A moment at which everything must be over."""

    def __init__(self, within_s: float) -> None:
        """Be over so many seconds from now."""
        self._ends_s = time.monotonic() + within_s

    def left_s(self) -> float:
        """Return the seconds that are left. Raises TimeoutError where there are none."""
        left_s = self._ends_s - time.monotonic()
        if left_s <= 0:
            raise TimeoutError
        return left_s


def exchange(
    target: Target,
    deadline: Deadline,
    *,
    most_bytes: int,
    headers: Mapping[str, str],
    method: str = "GET",
    body: bytes | None = None,
    is_cut: bool = False,
) -> Reply:
    """Ask once and return the reply, at most `most_bytes` of it packed and unpacked.

    Raises NotReached where no connection was made; BadReply for more bytes (unless `is_cut`: then the rest is left
    out), for no HTTP and for broken packing; TimeoutError; OSError where the connection broke.
    """
    with _connected(target, deadline) as plain, _ended_in_time(plain, deadline) as overdue:
        connection = http.client.HTTPConnection(target.host, target.port)
        connection.sock = _sealed(plain, target) if target.is_tls else plain
        try:
            sent = {"Host": target.host_header, "Accept-Encoding": "gzip", **headers, "Connection": "close"}
            connection.request(method, target.path, body, sent)
            reply = connection.getresponse()
            found = {name.lower(): value for name, value in reply.getheaders()}
            unpacked = _read(reply, found.get("content-encoding", ""), deadline, most_bytes, is_cut=is_cut)
        except (http.client.HTTPException, OSError, ValueError) as error:
            if overdue.is_set():
                raise TimeoutError from error
            if isinstance(error, http.client.HTTPException):
                raise BadReply(
                    f"{target.host} answered with no proper HTTP ({type(error).__name__})."
                ) from error
            raise
        finally:
            connection.close()
        if overdue.is_set():
            raise TimeoutError  # a body without a length merely seems to end then
        return Reply(reply.status, found, unpacked)


@contextlib.contextmanager
def _connected(target: Target, deadline: Deadline) -> Iterator[socket.socket]:
    """Give a connection to the first address that takes one. Raises NotReached."""
    last: OSError | None = None
    for ip in target.ips:
        try:
            plain = socket.create_connection((ip, target.port), timeout=min(_CONNECT_S, deadline.left_s()))
        except OSError as error:
            last = error
            continue
        with plain:
            yield plain
        return
    raise NotReached(f"{target.host} cannot be reached ({last}).") from last


@contextlib.contextmanager
def _ended_in_time(plain: socket.socket, deadline: Deadline) -> Iterator[threading.Event]:
    """End a connection at the deadline, however slowly the other side goes on; the event tells that it was."""
    overdue = threading.Event()
    handle = plain.dup()  # of its own, whatever becomes of the socket under TLS

    def end() -> None:
        overdue.set()
        with contextlib.suppress(OSError):
            handle.shutdown(socket.SHUT_RDWR)

    plain.settimeout(deadline.left_s() + 1)
    timer = threading.Timer(deadline.left_s(), end)
    timer.daemon = True
    timer.start()
    try:
        yield overdue
    finally:
        timer.cancel()
        timer.join()
        handle.close()


@cache
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()


def _sealed(plain: socket.socket, target: Target) -> ssl.SSLSocket:
    """Return the connection under TLS. Raises NotReached."""
    try:
        return _tls().wrap_socket(plain, server_hostname=target.host)
    except (OSError, ValueError) as error:
        raise NotReached(f"{target.host} gives no safe connection ({error}).") from error


def _read(
    reply: http.client.HTTPResponse, packing: str, deadline: Deadline, most_bytes: int, *, is_cut: bool
) -> bytes:
    packing = packing.strip().lower()
    if packing not in {"", "identity", "gzip", "x-gzip", "deflate"}:
        raise BadReply(f"It is packed as “{packing[:30]}”, which was not asked for.")
    opener = zlib.decompressobj(wbits=47) if packing not in {"", "identity"} else None
    taken, read = bytearray(), 0
    while chunk := reply.read1(_CHUNK_BYTES):
        deadline.left_s()
        read += len(chunk)
        if opener is not None:
            try:
                chunk = opener.decompress(chunk, most_bytes + 1 - len(taken))
            except zlib.error as error:
                raise BadReply("Its packing is broken.") from error
        taken += chunk
        if max(len(taken), read) > most_bytes:
            if is_cut:
                return bytes(taken[:most_bytes])
            raise BadReply(f"It has more than {most_bytes / 1_000_000:.0f} MB, which is not read.")
    return bytes(taken)
