"""A mailbox can be written in many ways: its one form, and a mark of it that does not tell which it is."""

import unicodedata
from functools import cache

from django.utils.crypto import salted_hmac
from publicsuffixlist import PublicSuffixList

_GMAIL = frozenset({"gmail.com", "googlemail.com"})


def ascii_domain(domain: str) -> str:
    """Return a domain as mail servers write it: compatible characters made one (NFKC), small, punycode where needed."""
    folded = unicodedata.normalize("NFKC", domain).casefold().rstrip(".")
    try:
        return folded.encode("idna").decode("ascii")
    except UnicodeError:
        return folded


def mailbox_of(address: str) -> str:
    """Return the mailbox that an address leads to: without a `+tag`, in small letters, its domain in ASCII.

    Gmail delivers whatever the dots in a name, and has two domains.
    """
    local, _, domain = address.rpartition("@")
    folded = unicodedata.normalize("NFKC", local).casefold()
    name, host = folded.partition("+")[0] or folded, ascii_domain(domain)
    if host in _GMAIL:
        name, host = name.replace(".", "") or name, "gmail.com"
    return f"{name}@{host}"


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
