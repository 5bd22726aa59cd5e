"""`search_files`: passages of the job's attached files, best first by BM25, each with its page."""

import asyncio
from collections.abc import Mapping
from concurrent.futures import Executor
from typing import Any

from files.passages import passages_of, ranked
from solver.core.programs import Asker
from solver.core.tools import Source, ToolOutcome, ToolSpec
from tools.files import ToolFiles
from tools.tool import text_argument, text_schema

_MOST_QUERY_CHARS = 1_000
_MOST_PASSAGES = 8


class SearchFiles:
    """Searches the files of a job."""

    def __init__(self, files: ToolFiles, threads: Executor) -> None:
        """Rank on `threads`."""
        self._files = files
        self._threads = threads

    @property
    def spec(self) -> ToolSpec:
        """What models are told of it."""
        return ToolSpec(
            "search_files",
            f"Find the passages of the attached files ({', '.join(f'“{name}”' for name in self._files.names)}) that "
            f"match some words best, at most {_MOST_PASSAGES}, each with its place. Use words that stand in the text.",
            text_schema({"query": "The words to look for."}),
        )

    async def use(self, arguments: Mapping[str, Any], _: Asker, /) -> ToolOutcome:
        """Return the best passages. Raises WrongArguments."""
        query = text_argument(arguments, "query", most_chars=_MOST_QUERY_CHARS)
        return await asyncio.get_running_loop().run_in_executor(self._threads, _found, query, self._files)


def _found(query: str, files: ToolFiles) -> ToolOutcome:
    passages = [(file.name, passage) for file in files.all() for passage in passages_of(file.read.pages)]
    texts = [passage.text for _, passage in passages]
    best = ranked(texts, query, matching=True)[:_MOST_PASSAGES]
    if not best:
        return ToolOutcome("No passage has any of these words. Try others.")
    sources = tuple(
        Source(passages[at][0], passages[at][0], passages[at][1].where, "", passages[at][1].text)
        for at in best
    )
    return ToolOutcome(f"{len(best)} of {len(passages):,} passages, the best first.", sources)
