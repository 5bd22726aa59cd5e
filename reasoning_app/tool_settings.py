"""Which tools models may use here, from the environment."""

from urllib.parse import urlsplit

from reasoning_app.environment import SettingsEnv
from solver.core.money import NANO_PER_USD, parse_usd
from tools import ENGINES, SearchService, ToolSettings


def read_tool_settings(env: SettingsEnv, *, version: str, base_url: str) -> ToolSettings:
    """Return what the environment says of tools. Raises ValueError, which names the setting."""
    search = _search(env)
    allowed = frozenset(each.strip().lower() for each in env.list("PONDER_TOOLS_ALLOW_HOSTS", default=[]))
    return ToolSettings(
        reads_pages=env.bool("PONDER_READ_PAGES", default=search is not None),
        search=search,
        user_agent=f"Ponder/{version} (+{base_url})",
        allowed_hosts=allowed - {""},
    )


def _search(env: SettingsEnv) -> SearchService | None:
    """Return the search engine of the operator's choice; of several the one that PONDER_SEARCH names."""
    keys = {
        "brave": env.str("BRAVE_API_KEY", default="").strip(),
        "tavily": env.str("TAVILY_API_KEY", default="").strip(),
        "exa": env.str("EXA_API_KEY", default="").strip(),
        "searxng": env.str("SEARXNG_URL", default="").strip(),
    }
    configured = [name for name, value in keys.items() if value]
    chosen = env.str("PONDER_SEARCH", default="").strip().lower()
    if chosen and chosen not in configured:
        raise ValueError(
            f"PONDER_SEARCH: “{chosen[:40]}” is not configured. Use one of those whose key or address is set: "
            f"{', '.join(configured) or 'none is'}."
        )
    if not configured:
        return None
    name = chosen or configured[0]
    is_own = name == "searxng"
    address = keys[name] if is_own else ENGINES[name].address
    parts = urlsplit(address)
    if parts.scheme not in {"http", "https"} or not parts.hostname or "@" in parts.netloc:
        raise ValueError(
            f"SEARXNG_URL: “{address[:100]}” is not an address. Write http(s)://host:port without user and password."
        )
    key = "" if is_own else keys[name]
    if not (key.isascii() and key.isprintable()):
        raise ValueError(f"{name.upper()}_API_KEY holds characters that no key has. Copy it again.")
    price = env.str("PONDER_SEARCH_PRICE", default="") or ENGINES[name].price
    price_nano = parse_usd(
        price,
        name="PONDER_SEARCH_PRICE",
        minimum_nano=1,
        maximum_nano=NANO_PER_USD,
        whole_cents=False,
        allow_zero=True,
    )
    return SearchService(name, address.rstrip("/"), key, price_nano)
