"""Where webhooks may go: an address that a stranger wrote must never reach what stands behind our own walls.

A name is looked up once, every address behind it must be public, and the connection goes to just that address: a name
that answers otherwise a moment later leads nowhere else. Redirects are not followed.
"""

import http.client
import ipaddress
import socket
import ssl
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.conf import settings

TIMEOUT_S = 10
MAX_ADDRESS = 500
_MAX_REPLY_BYTES = 2_000


class HookError(ValueError):
    """A webhook that cannot be sent; the message says what is wrong with its address or its answer."""


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
        raise HookError("This is no address. Write https://example.com/path.") from None
    if parts.scheme != "https" and not (inside and parts.scheme == "http"):
        raise HookError("The address must begin with https://.")
    if not host or len(address) > MAX_ADDRESS or not address.isprintable() or " " in address:
        raise HookError("This is no address. Write https://example.com/path.")
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
        parsed = ipaddress.ip_address(ip.partition("%")[0])
        parsed = getattr(parsed, "ipv4_mapped", None) or parsed
        if not inside and (not parsed.is_global or parsed.is_multicast):
            raise HookError(
                f"{host[:100]} leads into a private network. Use an address that the internet can reach."
            )
    return ips[0]


def post(target: Target, body: bytes, headers: dict[str, str]) -> None:
    """Send a body. Raises HookError where the answer is none of success, and OSError where there is none."""
    plain = socket.create_connection((target.ip, target.port), timeout=TIMEOUT_S)
    connection = http.client.HTTPConnection(target.host, target.port, timeout=TIMEOUT_S)
    try:
        context = ssl.create_default_context() if target.is_tls else None
        connection.sock = context.wrap_socket(plain, server_hostname=target.host) if context else plain
        connection.request("POST", target.path, body, {**headers, "Host": _host_header(target)})
        reply = connection.getresponse()
        reply.read(_MAX_REPLY_BYTES)
    except http.client.HTTPException as error:
        raise HookError(f"{target.host} answered with no HTTP ({type(error).__name__}).") from None
    finally:
        connection.close()
        plain.close()
    if not 200 <= reply.status < 300:
        raise HookError(f"{target.host} answered {reply.status}; success would be 200 to 299.")


def _host_header(target: Target) -> str:
    host = f"[{target.host}]" if ":" in target.host else target.host
    return host if target.port == (443 if target.is_tls else 80) else f"{host}:{target.port}"
