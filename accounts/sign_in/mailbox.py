"""A mailbox can be written in many ways: its one form, and a mark of it that does not tell which it is."""

import unicodedata

from django.utils.crypto import salted_hmac


def ascii_domain(domain: str) -> str:
    """Return a domain as mail servers write it: compatible characters made one (NFKC), small, punycode where needed."""
    folded = unicodedata.normalize("NFKC", domain).casefold().rstrip(".")
    try:
        return folded.encode("idna").decode("ascii")
    except UnicodeError:
        return folded


def mailbox_of(address: str) -> str:
    """Return the mailbox that an address leads to: without a `+tag`, in small letters, its domain in ASCII."""
    local, _, domain = address.rpartition("@")
    folded = unicodedata.normalize("NFKC", local).casefold()
    return f"{folded.partition('+')[0] or folded}@{ascii_domain(domain)}"


def mailbox_mark(address: str) -> str:
    """Return a mark of the address's mailbox (an HMAC under this installation's key): equal ones are one mailbox."""
    return salted_hmac("ponder.mailbox", mailbox_of(address), algorithm="sha256").hexdigest()
