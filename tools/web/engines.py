"""How each search engine is asked, and how its results are read: by their shape, whatever else stands there.

Sources: https://api-dashboard.search.brave.com/app/documentation, https://docs.tavily.com, https://docs.exa.ai,
https://docs.searxng.org/dev/search_api.html.
"""

import html
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from solver.core.tools import Source

MOST_RESULTS = 8
_MOST_TITLE_CHARS = 200
_MOST_TEXT_CHARS = 1_000
_MOST_URL_CHARS = 2_000
_TAG = re.compile(r"</?[a-zA-Z][^<>]{0,200}>")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True, slots=True)
class Question:
    """A request to a search engine: what is added to its address, headers, and a body if it wants one."""

    path: str
    headers: Mapping[str, str]
    body: bytes | None = None


@dataclass(frozen=True, slots=True)
class Engine:
    """A search engine: its usual address, how it is asked, where its results lie, and which of their fields count.

    `price` is what one search costs by its public price list, in dollars.
    """

    address: str
    price: str
    ask: Callable[[str, str], Question]
    results: tuple[str, ...]
    text: tuple[str, ...]
    date: tuple[str, ...]


def _brave(query: str, key: str) -> Question:
    asked = urlencode({"q": query[:400], "count": MOST_RESULTS})
    return Question(
        f"/res/v1/web/search?{asked}", {"X-Subscription-Token": key, "Accept": "application/json"}
    )


def _tavily(query: str, key: str) -> Question:
    body = {"query": query, "max_results": MOST_RESULTS, "search_depth": "basic"}
    return _posted("/search", body, {"Authorization": f"Bearer {key}"})


def _exa(query: str, key: str) -> Question:
    contents = {"text": {"maxCharacters": _MOST_TEXT_CHARS}}
    body = {"query": query, "numResults": MOST_RESULTS, "contents": contents}
    return _posted("/search", body, {"x-api-key": key})


def _searxng(query: str, _: str) -> Question:
    return Question(f"/search?{urlencode({'q': query, 'format': 'json'})}", {"Accept": "application/json"})


def _posted(path: str, body: Mapping[str, Any], headers: Mapping[str, str]) -> Question:
    return Question(path, {"Content-Type": "application/json", **headers}, json.dumps(body).encode())


ENGINES: Mapping[str, Engine] = {
    "brave": Engine(
        "https://api.search.brave.com", "0.005", _brave, ("web", "results"), ("description",), ("page_age",)
    ),
    "tavily": Engine(
        "https://api.tavily.com", "0.008", _tavily, ("results",), ("content",), ("published_date",)
    ),
    "exa": Engine("https://api.exa.ai", "0.015", _exa, ("results",), ("text", "summary"), ("publishedDate",)),
    "searxng": Engine("", "0", _searxng, ("results",), ("content",), ("publishedDate",)),
}


def results_of(engine: Engine, body: bytes) -> tuple[Source, ...] | None:
    """Return the results that a reply lists, at most MOST_RESULTS; None: it is no such reply."""
    try:
        found: Any = json.loads(body)
    except (ValueError, RecursionError):
        return None
    for name in engine.results:
        if not isinstance(found, dict):
            return None
        # An engine that found nothing may leave its list out.
        found = found.get(name, {} if name != engine.results[-1] else [])
    if not isinstance(found, list):
        return None
    read = (_source(engine, each) for each in found[: 5 * MOST_RESULTS])
    return tuple(source for source in read if source is not None)[:MOST_RESULTS]


def _source(engine: Engine, result: Any) -> Source | None:
    """Return one result; None: it leads nowhere."""
    address = result.get("url") if isinstance(result, dict) else None
    if not isinstance(address, str) or not address.startswith(("https://", "http://")):
        return None
    if len(address) > _MOST_URL_CHARS or not address.isprintable() or " " in address:
        return None
    text = _first(result, engine.text)
    date = _DATE.match(_first(result, engine.date))
    return Source(
        _plain(_first(result, ("title",)), _MOST_TITLE_CHARS) or address[:_MOST_TITLE_CHARS],
        address,
        "",
        date[0] if date else "",
        _plain(text, _MOST_TEXT_CHARS),
    )


def _first(result: Mapping[str, Any], names: tuple[str, ...]) -> str:
    return next((value for name in names if isinstance(value := result.get(name), str)), "")


def _plain(text: str, most_chars: int) -> str:
    """Return a text on one line, without the tags that engines put around what was found."""
    return " ".join(html.unescape(_TAG.sub("", text[: 4 * most_chars])).split())[:most_chars]
