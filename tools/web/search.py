"""`web_search`: what a search engine of the operator's choice finds."""

from collections.abc import Mapping
from concurrent.futures import Executor
from typing import Any

from solver.core.programs import Asker
from solver.core.tools import ToolOutcome, ToolSpec
from tools.settings import SearchService
from tools.tool import on_thread, text_argument, text_schema
from tools.web.address import AddressRefused, target_of
from tools.web.engines import ENGINES, MOST_RESULTS, results_of
from tools.web.http import BadReply, Deadline, NotReached, exchange

MOST_BYTES = 1_000_000
WITHIN_S = 20.0
_MOST_QUERY_CHARS = 500
_STATUSES = {
    401: "does not take this site's key. Its operator must set another.",
    403: "does not take this site's key. Its operator must set another.",
    402: "wants to be paid by this site's operator first.",
    429: "is asked too often at the moment. Try again later.",
    432: "says that this site's plan is used up.",
    433: "says that this site's plan is used up.",
}


class WebSearch:
    """Searches the web for one job."""

    def __init__(
        self, service: SearchService, threads: Executor, *, user_agent: str, within_s: float = WITHIN_S
    ) -> None:
        """Ask on `threads`."""
        self._service = service
        self._engine = ENGINES[service.provider]
        self._threads = threads
        self._user_agent = user_agent
        self._within_s = within_s

    @property
    def spec(self) -> ToolSpec:
        """What models are told of it."""
        return ToolSpec(
            "web_search",
            f"Search the web: at most {MOST_RESULTS} pages with a few words of each. Read those that matter before you "
            "rely on them.",
            text_schema({"query": "What to search for."}),
            most_nano=self._service.price_nano,
        )

    async def use(self, arguments: Mapping[str, Any], _: Asker, /) -> ToolOutcome:
        """Return the results. Raises WrongArguments."""
        query = text_argument(arguments, "query", most_chars=_MOST_QUERY_CHARS)
        return await on_thread(self._threads, self._search, query)

    def _search(self, query: str) -> ToolOutcome:
        """Ask once. It counts as used wherever the engine may have answered."""
        question = self._engine.ask(query, self._service.key)
        name = self._service.provider.capitalize()
        try:
            target = target_of(self._service.address.rstrip("/") + question.path, trusted=True)
            reply = exchange(
                target,
                Deadline(self._within_s),
                most_bytes=MOST_BYTES,
                headers={"User-Agent": self._user_agent, **question.headers},
                method="POST" if question.body is not None else "GET",
                body=question.body,
            )
        except (AddressRefused, NotReached):
            return ToolOutcome("", error=f"The search engine ({name}) cannot be reached.")
        except (BadReply, OSError):
            # TimeoutError is an OSError, too.
            return ToolOutcome("", error=f"The search engine ({name}) gave no proper answer.", charged_uses=1)
        if reply.status != 200:
            said = _STATUSES.get(reply.status, f"answered {reply.status}.")
            return ToolOutcome("", error=f"The search engine ({name}) {said}")
        sources = results_of(self._engine, reply.body)
        if sources is None:
            return ToolOutcome("", error=f"The search engine ({name}) gave no proper answer.", charged_uses=1)
        told = f"{len(sources)} results." if sources else "Nothing was found. Try other words."
        return ToolOutcome(told, sources, charged_uses=1)
