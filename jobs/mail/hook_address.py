"""Where webhooks may go: an address that a stranger wrote must never reach what stands behind our own walls.

A name is looked up once, every address behind it must be public, and the connection goes to just that address: a name
that answers otherwise a moment later leads nowhere else. Redirects are not followed.
"""

import contextlib
import http.client
import socket
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.conf import settings

from solver.core.public_address import is_public

TIMEOUT_S = 10
"""How long a server may be silent."""
MOST_S = 30
"""How long it may take in all, however slowly it goes on."""
MAX_ADDRESS = 500
_MAX_REPLY_BYTES = 2_000


class HookError(ValueError):
    """A webhook that cannot be sent; the message says what is wrong with its address or its answer.

    `status` is that of the answer, if there was one.
    """

    status: int | None = None


@dataclass(frozen=True, slots=True)
class Target:
    """Where an address leads: its parts, and the one IP address that a connection may be made to."""

    is_tls: bool
    host: str
    port: int
    path: str
    ip: str


def target_of(address: str) -> Target:
    """Return where an address leads, now. Raises HookError."""
    inside = settings.PONDER_HOOKS_INSIDE
    try:
        parts = urlsplit(address)
        port, host = parts.port, parts.hostname or ""
    except ValueError:
        raise HookError("This is not an address. Write https://example.com/path.") from None
    if parts.scheme != "https" and not (inside and parts.scheme == "http"):
        raise HookError("The address must begin with https://.")
    if not host or len(address) > MAX_ADDRESS or not address.isprintable() or " " in address:
        raise HookError("This is not an address. Write https://example.com/path.")
    if "@" in parts.netloc:
        raise HookError(
            "The address holds a user or a password. Leave them out: the signature says who we are."
        )
    is_tls = parts.scheme == "https"
    port = port or (443 if is_tls else 80)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(is_tls, host, port, path, _public_ip(host, port, inside=inside))


def _public_ip(host: str, port: int, *, inside: bool) -> str:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise HookError(f"{host[:100]} is not known. Is the name right?") from None
    ips = [str(each[4][0]) for each in found]
    for ip in ips:
        if not inside and not is_public(ip):
            raise HookError(
                f"{host[:100]} leads into a private network. Use an address that the internet can reach."
            )
    return ips[0]


def post(target: Target, body: bytes, headers: dict[str, str]) -> int:
    """Send a body, and return the status. Raises HookError for any but success, and OSError where none came."""
    plain = socket.create_connection((target.ip, target.port), timeout=TIMEOUT_S)
    connection = http.client.HTTPConnection(target.host, target.port, timeout=TIMEOUT_S)
    status = 0
    with _ended_in_time(plain) as overdue:
        try:
            context = ssl.create_default_context() if target.is_tls else None
            connection.sock = context.wrap_socket(plain, server_hostname=target.host) if context else plain
            connection.request("POST", target.path, body, {**headers, "Host": _host_header(target)})
            reply = connection.getresponse()
            reply.read(_MAX_REPLY_BYTES)
            status = reply.status
        except OSError:
            if not overdue.is_set():
                raise
        except http.client.HTTPException as error:
            if not overdue.is_set():
                raise HookError(f"{target.host} did not answer in HTTP ({type(error).__name__}).") from None
        finally:
            connection.close()
            plain.close()
    if overdue.is_set():  # the headers merely seemed to end
        raise HookError(f"{target.host} took longer than {MOST_S} seconds.")
    if not 200 <= status < 300:
        refused = HookError(f"{target.host} answered {status}; success would be 200 to 299.")
        refused.status = status
        raise refused
    return status


@contextlib.contextmanager
def _ended_in_time(plain: socket.socket) -> Iterator[threading.Event]:
    """End a connection after MOST_S: whoever drips must not keep a sender. The event tells that it was ended."""
    overdue = threading.Event()
    handle = plain.dup()  # of its own, whatever becomes of the socket under TLS

    def end() -> None:
        overdue.set()
        with contextlib.suppress(OSError):
            handle.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(MOST_S, end)
    timer.daemon = True
    timer.start()
    try:
        yield overdue
    finally:
        timer.cancel()
        timer.join()
        handle.close()


def _host_header(target: Target) -> str:
    host = f"[{target.host}]" if ":" in target.host else target.host
    return host if target.port == (443 if target.is_tls else 80) else f"{host}:{target.port}"
