"""Search engines in each one's shape, scripted; what hostile ones say is no more than text."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler

import pytest

from solver.core.programs import NOBODY
from solver.core.tools import ToolOrder, ToolSpec
from tests.tools.site import page, site, trickle
from tools import SearchService
from tools.job_tools import JobTools
from tools.web.engines import ENGINES, MOST_RESULTS
from tools.web.search import WebSearch

ADDRESS = "https://example.org/bees"
SHAPES = {
    "brave": ("/res/v1/web/search", {"web": {"results": [
        {"title": "Bees", "url": ADDRESS, "description": "A <strong>hive</strong> &amp; more",
         "page_age": "2026-03-01T00:00:00"}
    ]}}),
    "tavily": ("/search", {"results": [
        {"title": "Bees", "url": ADDRESS, "content": "A hive & more", "published_date": "2026-03-01"}
    ]}),
    "exa": ("/search", {"results": [
        {"title": "Bees", "url": ADDRESS, "text": "A hive &amp; more", "publishedDate": "2026-03-01T00:00:00.000Z"}
    ]}),
    "searxng": ("/search", {"results": [
        {"title": "Bees", "url": ADDRESS, "content": "A hive & more", "publishedDate": "2026-03-01T00:00:00"}
    ]}),
}  # fmt: skip


async def searched(origin, provider="searxng", **kwargs):
    with ThreadPoolExecutor(1) as threads:
        service = SearchService(provider, origin, "secret", 5_000_000)
        return await WebSearch(service, threads, user_agent="Ponder", **kwargs).use(
            {"query": "bees?"}, NOBODY
        )


@pytest.mark.parametrize("provider", SHAPES)
async def test_each_engine_is_asked_and_read_in_its_own_way(provider):
    """Key and query go where it wants them; its results become sources with address and date, one use is charged."""
    assert set(SHAPES) == set(ENGINES)
    path, reply = SHAPES[provider]
    seen = {}

    def answer(request: BaseHTTPRequestHandler) -> None:
        body = request.rfile.read(int(request.headers["Content-Length"] or 0))
        seen.update(path=request.path, headers=str(request.headers), body=body.decode())
        page(json.dumps(reply), "application/json")(request)

    with site({path: answer}) as (origin, _):
        outcome = await searched(origin, provider)
    (source,) = outcome.sources
    assert (source.title, source.address, source.date) == ("Bees", ADDRESS, "2026-03-01")
    assert source.text == "A hive & more"
    assert (outcome.charged_uses, outcome.error) == (1, "")
    assert "bees" in seen["path"] + seen["body"]
    assert ("secret" in seen["headers"]) is (provider != "searxng")
    assert "secret" not in seen["path"] + seen["body"]


@pytest.mark.parametrize(
    "body",
    [b"", b"null", b"[]", b"7", b'{"results": {}}', b'{"results": "x"}', b"[" * 200_000, b"\xff\xfe", b"9" * 10_000,
     b" " * 1_100_000],
)  # fmt: skip
async def test_a_hostile_reply_is_an_error_that_counts_as_a_use(body):
    """The engine may charge for it, so it is charged; nothing of it is believed."""
    with site({"/search": page(body, "application/json")}) as (origin, _):
        outcome = await searched(origin)
    assert (outcome.sources, outcome.charged_uses) == ((), 1)
    assert "no proper answer" in outcome.error


async def test_results_of_any_shape_are_read_or_left_out():
    """Only whole addresses of the web count; texts are plain, short and on one line."""
    results = [
        None, 7, [], {}, {"url": 7}, {"url": "javascript:alert(1)"}, {"url": "file:///etc/passwd"}, {"url": "https://a\nb"},
        {"url": "https://e.org/1", "title": 7, "content": ["x"], "publishedDate": 7},
        {"url": "https://e.org/2", "title": "<b>t</b>\n" * 900, "content": "<" * 100_000, "publishedDate": "soon"},
        *({"url": f"https://e.org/{number}"} for number in range(3, 40)),
    ]  # fmt: skip
    with site({"/search": page(json.dumps({"results": results}))}) as (origin, _):
        outcome = await searched(origin)
    assert len(outcome.sources) == MOST_RESULTS
    assert outcome.sources[0].title == "https://e.org/1"
    for source in outcome.sources:
        assert (len(source.title) <= 200, len(source.text) <= 1_000, source.date) == (True, True, "")


@pytest.mark.parametrize(
    ("status", "said"), [(401, "key"), (402, "paid"), (429, "too often"), (500, "500"), (302, "302")]
)
async def test_what_an_engine_refuses_costs_nothing(status, said):
    """It says so in words without the key, and no redirect is followed."""
    with site({"/search": page("secret", status=status, Location="/other")}) as (origin, asked):
        outcome = await searched(origin)
    assert said in outcome.error
    assert "secret" not in outcome.error
    assert (outcome.charged_uses, len(asked)) == (0, 1)


async def test_an_engine_that_is_not_there_or_slow():
    """Where nothing was asked nothing is charged; where the answer did not come it may be."""
    stopped = threading.Event()
    with site({"/search": trickle("body", stopped)}) as (origin, _):
        slow = await searched(origin, within_s=0.3)
        stopped.set()
        unsafe = await searched(origin.replace("http:", "https:"))
    assert slow.charged_uses == 1
    assert (unsafe.charged_uses, "cannot be reached" in unsafe.error) == (0, True)
    assert (await searched(origin)).charged_uses == 0


async def test_a_search_that_never_had_a_thread_is_not_charged():
    """Its time is up while others use all threads: nothing was sent."""
    busy = threading.Event()
    with ThreadPoolExecutor(1) as threads:
        threads.submit(busy.wait)
        search = WebSearch(
            SearchService("searxng", "http://127.0.0.1:9", "", 5_000_000), threads, user_agent="Ponder"
        )
        hasty = Hasty(search)
        outcome = await JobTools([hasty]).use(ToolOrder("web_search", {"query": "bees?"}), NOBODY)
        busy.set()
    assert (outcome.charged_uses, "could not begin" in outcome.error) == (0, True)


@dataclass
class Hasty:
    """A search that has no time."""

    search: WebSearch

    @property
    def spec(self) -> ToolSpec:
        """The search's, without its time."""
        return replace(self.search.spec, timeout_s=0.01)

    async def use(self, arguments, asker):
        """Search."""
        return await self.search.use(arguments, asker)
