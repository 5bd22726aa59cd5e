"""Which tools the environment switches on, and what it must not say."""

import pytest

from reasoning_app.environment import SettingsEnv
from reasoning_app.tool_settings import read_tool_settings
from tools.web.engines import ENGINES

_NAMES = ("BRAVE_API_KEY", "TAVILY_API_KEY", "EXA_API_KEY", "SEARXNG_URL", "PONDER_SEARCH", "PONDER_SEARCH_PRICE",
          "PONDER_READ_PAGES", "PONDER_TOOLS_ALLOW_HOSTS")  # fmt: skip


@pytest.fixture
def read(monkeypatch):
    """A function that reads the settings from these variables alone."""

    def _read(**values):
        for name in _NAMES:
            monkeypatch.delenv(name, raising=False)
        for name, value in values.items():
            monkeypatch.setenv(name, value)
        return read_tool_settings(SettingsEnv(), version="1", base_url="https://ponder.example")

    return _read


def test_without_a_search_engine_the_web_is_off(read):
    """Nothing goes out that no operator asked for; pages can be switched on alone."""
    assert (read().search, read().reads_pages, read().allowed_hosts) == (None, False, frozenset())
    assert read(PONDER_READ_PAGES="True").reads_pages
    assert read().user_agent == "Ponder/1 (+https://ponder.example)"


def test_a_key_or_an_address_switches_search_on(read):
    """Each engine has its price of a search; of several the first counts, or the one that is named."""
    prices = {}
    for name, variable in zip(ENGINES, _NAMES, strict=False):
        found = read(**{variable: "http://searxng:8080/" if name == "searxng" else "k"})
        assert (found.search.provider, found.reads_pages) == (name, True)
        prices[name] = found.search.price_nano
    assert prices == {"brave": 5_000_000, "tavily": 8_000_000, "exa": 15_000_000, "searxng": 0}
    both = {"BRAVE_API_KEY": "a", "EXA_API_KEY": "b"}
    assert read(**both).search.provider == "brave"
    chosen = read(**both, PONDER_SEARCH="exa", PONDER_SEARCH_PRICE="0.0004", PONDER_READ_PAGES="False")
    assert (chosen.search.provider, chosen.search.key, chosen.search.price_nano) == ("exa", "b", 400_000)
    assert not chosen.reads_pages
    assert "key" not in repr(chosen.search)


@pytest.mark.parametrize(
    "values",
    [
        {"PONDER_SEARCH": "brave"}, {"PONDER_SEARCH": "x", "BRAVE_API_KEY": "k"}, {"SEARXNG_URL": "searxng:8080"},
        {"SEARXNG_URL": "http://u:p@searxng"}, {"BRAVE_API_KEY": "k\r\nX: y"},
        {"BRAVE_API_KEY": "k", "PONDER_SEARCH_PRICE": "-1"}, {"BRAVE_API_KEY": "k", "PONDER_SEARCH_PRICE": "5"},
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused_with_its_name(read, values):
    """At start, in words that name the setting."""
    with pytest.raises(ValueError, match=r"PONDER_SEARCH|SEARXNG_URL|BRAVE_API_KEY"):
        read(**values)
