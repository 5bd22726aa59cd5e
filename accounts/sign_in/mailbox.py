"""A mailbox can be written in many ways: its one form, and a mark of it that does not tell which it is."""

import re
import unicodedata
from functools import cache

from django.utils.crypto import salted_hmac
from publicsuffixlist import PublicSuffixList

_SAME_DOMAINS = {
    "googlemail.com": "gmail.com",
    "protonmail.com": "proton.me",
    "pm.me": "proton.me",
    "me.com": "icloud.com",
    "mac.com": "icloud.com",
    "yandex.com": "yandex.ru",
    "ya.ru": "yandex.ru",
}
"""Domains of providers whose mailboxes are one under each of them."""
_IGNORED = {"gmail.com": ".", "proton.me": ".-_"}
"""Signs that a provider leaves out of a name."""


def ascii_domain(domain: str) -> str:
    """Return a domain as mail servers write it: compatible characters made one (NFKC), small, punycode where needed."""
    folded = unicodedata.normalize("NFKC", domain).casefold().rstrip(".")
    try:
        # Other full stops are full stops only then.
        return folded.encode("idna").decode("ascii").rstrip(".")
    except UnicodeError:
        return folded


def mailbox_of(address: str) -> str:
    """Return the mailbox that an address leads to: without quotes or a `+tag`, in small letters, its domain in ASCII.

    Of the large providers also without signs that they ignore, and under one of their domains.
    """
    local, _, domain = address.rpartition("@")
    folded = unicodedata.normalize("NFKC", local).casefold()
    if len(folded) > 1 and folded[0] == folded[-1] == '"':
        folded = re.sub(r"\\(.)", r"\1", folded[1:-1])
    host = ascii_domain(domain)
    host = _SAME_DOMAINS.get(host, host)
    name = folded.partition("+")[0] or folded
    plain = name.translate(dict.fromkeys(map(ord, _IGNORED.get(host, ""))))
    return f"{plain or name}@{host}"


def registered_domain(address: str) -> str:
    """Return the domain of an address as somebody registered it: `example.co.uk` of `ada@mail.example.co.uk`."""
    host = mailbox_of(address).rpartition("@")[2]
    return _suffixes().privatesuffix(host) or host


def mailbox_mark(address: str) -> str:
    """Return a mark of the address's mailbox (an HMAC under this installation's key): equal ones are one mailbox."""
    return salted_hmac("ponder.mailbox", mailbox_of(address), algorithm="sha256").hexdigest()


def domain_mark(address: str) -> str:
    """Return a mark of the registered domain of an address, as `mailbox_mark` does of its mailbox."""
    return salted_hmac("ponder.domain", registered_domain(address), algorithm="sha256").hexdigest()


@cache
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList()
