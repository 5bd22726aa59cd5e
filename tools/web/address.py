"""Which addresses may be read: those that the whole internet can reach, and no other.

A name is looked up once, every address behind it must be public, and the connection goes to just those addresses: a
name that answers otherwise a moment later leads nowhere else.
"""

import ipaddress
import socket
import threading
from collections.abc import Collection
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

from solver.core.public_address import is_public

MOST_ADDRESS_CHARS = 2_000
_LOOK_UP_S = 8.0
_PORTS = {"http": 80, "https": 443}
_SAFE = "/%:@!$&'()*+,;=~-._"


class AddressRefused(ValueError):
    """An address that is not read; the message says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where an address leads: its parts, and the IP addresses that a connection may be made to."""

    scheme: str
    host: str
    port: int
    path: str
    ips: tuple[str, ...]

    @property
    def is_tls(self) -> bool:
        """Whether it is read over TLS."""
        return self.scheme == "https"

    @property
    def host_header(self) -> str:
        """Return how the request names the host."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def origin(self) -> str:
        """Return scheme, host and port."""
        return f"{self.scheme}://{self.host_header}"

    @property
    def address(self) -> str:
        """Return the whole address."""
        return self.origin + self.path


def target_of(address: str, *, allowed_hosts: Collection[str] = (), trusted: bool = False) -> Target:
    """Return where an address leads, now. Blocks while its name is looked up. Raises AddressRefused.

    `allowed_hosts` (“host” or “host:port”) and a `trusted` address, which an operator wrote, may be private.
    """
    scheme, host, port, path = _parts(address)
    is_free = trusted or host in allowed_hosts or f"{host}:{port}" in allowed_hosts
    if not is_free and port != _PORTS[scheme]:
        raise AddressRefused(f"Port {port} is not read. Use the usual port of {scheme}, {_PORTS[scheme]}.")
    try:
        found = _looked_up(host, port)
    except (OSError, UnicodeError):
        raise AddressRefused(f"{host[:100]} is not known. Is the name right?") from None
    ips = tuple(dict.fromkeys(str(each[4][0]) for each in found))
    if not ips or not (is_free or all(is_public(ip) for ip in ips)):
        raise AddressRefused(f"{host[:100]} leads into a private network, which is not read.")
    return Target(scheme, host, port, path, ips)


def _looked_up(host: str, port: int) -> list[Any]:
    """Return what a name stands for, in bounded time: a resolver may think for minutes. Raises OSError, UnicodeError."""
    found = Future[list[Any]]()

    def look_up() -> None:
        try:
            found.set_result(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError) as error:
            found.set_exception(error)

    threading.Thread(target=look_up, name="look-up", daemon=True).start()
    return found.result(_LOOK_UP_S)


def _parts(address: str) -> tuple[str, str, int, str]:
    """Return scheme, host, port and path of an address. Raises AddressRefused."""
    if len(address) > MOST_ADDRESS_CHARS or not address.isprintable() or {" ", "\\"} & set(address):
        raise AddressRefused("This is not an address. Write https://example.com/path.")
    try:
        parts = urlsplit(address)
        port, host = parts.port, (parts.hostname or "").rstrip(".")
        if host and not _is_ip(host):
            host = host.encode("idna").decode("ascii").lower()
    except (ValueError, UnicodeError):
        raise AddressRefused("This is not an address. Write https://example.com/path.") from None
    if parts.scheme not in _PORTS:
        raise AddressRefused("Only pages of http:// and https:// are read.")
    if not host or "%" in host:
        raise AddressRefused("This is not an address. Write https://example.com/path.")
    if "@" in parts.netloc:
        raise AddressRefused("The address holds a user or a password. Leave them out.")
    path = urlunsplit(
        ("", "", quote(parts.path or "/", safe=_SAFE), quote(parts.query, safe=_SAFE + "?"), "")
    )
    return parts.scheme, host, _PORTS[parts.scheme] if port is None else port, path


def _is_ip(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
