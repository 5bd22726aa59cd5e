"""What an operator sets of the tools."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class SearchService:
    """A search engine: its provider, the address that is asked, the key, and what one search costs the house."""

    provider: str
    address: str
    key: str = field(default="", repr=False)
    price_nano: int = 0


@dataclass(frozen=True, slots=True)
class ToolSettings:
    """Which tools are on, and within which bounds.

    `user_agent` says to sites who reads them; `allowed_hosts` (“host” or “host:port”) are read although they are private.
    """

    reads_pages: bool = True
    search: SearchService | None = None
    user_agent: str = "Ponder"
    allowed_hosts: frozenset[str] = field(default_factory=frozenset)
