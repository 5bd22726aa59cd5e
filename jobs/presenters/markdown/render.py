"""Renders Markdown in processes that can be killed, and remembers what it rendered.

Whatever a text does to a parser or a lexer, the web process only waits for a while; then it shows the text as it
was written.
"""

import asyncio
import atexit
import hashlib
import html
import threading
import time
from collections import OrderedDict
from collections.abc import Mapping
from concurrent.futures import Future
from typing import Any, NamedTuple

from django.utils.safestring import SafeString, mark_safe

from jobs.presenters.markdown.cleaning import clean_text
from solver.processes.pool import ProcessPool

MAX_CHARACTERS = 200_000
# Footnotes, tables and coloured code can make much of a text; what is longer could not be scrolled through.
_MAX_HTML_BYTES = 2 << 20
_FORGET_FAILURE_S = 300.0
TOO_SLOW = "This text takes too long to format, so it is shown as it was written."


class _Rendering(NamedTuple):
    html: Future[str | None]
    asked_at: float

    def is_of_use(self) -> bool:
        """Whether it is under way, has succeeded, or failed lately: a hostile text costs its time seldom."""
        done = self.html.done() and not self.html.cancelled()
        failed = self.html.cancelled() or (done and self.html.result() is None)
        return not failed or time.monotonic() - self.asked_at < _FORGET_FAILURE_S


class Renderer:
    """Up to `size` rendering processes, started at the first need; threads may share it."""

    def __init__(
        self, *, size: int = 2, cpu_limit_s: float = 5.0, wait_s: float = 20.0, remembered: int = 64
    ) -> None:
        """Allow a text `cpu_limit_s` seconds of CPU, and whoever asks for it `wait_s` in all."""
        self._size = size
        self._cpu_limit_s = cpu_limit_s
        self._wait_s = wait_s
        self._most = remembered
        self._lock = threading.Lock()
        self._renderings = OrderedDict[bytes, _Rendering]()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._pool: ProcessPool | None = None

    def html_of(self, text: str, *, prefix: str = "", citations: int = 0) -> str | None:
        """Return the HTML of `text`, or None where it takes too long."""
        key = hashlib.sha256(f"{prefix}\n{citations}\n{text}".encode()).digest()
        with self._lock:
            rendering = self._renderings.get(key)
            if rendering is None or not rendering.is_of_use():
                rendering = self._renderings[key] = _Rendering(
                    self._ask({"text": text, "prefix": prefix, "citations": citations}), time.monotonic()
                )
            self._renderings.move_to_end(key)
            if len(self._renderings) > self._most:
                self._renderings.popitem(last=False)
        try:
            return rendering.html.result(timeout=self._wait_s)
        except TimeoutError:
            return None

    def close(self) -> None:
        """End the processes and the thread that waits for them."""
        with self._lock:
            loop, pool = self._loop, self._pool
            self._loop = self._pool = None
            self._renderings.clear()
        if loop is not None and pool is not None:
            asyncio.run_coroutine_threadsafe(_end(pool), loop).result()
            loop.call_soon_threadsafe(loop.stop)

    def _ask(self, request: Mapping[str, Any]) -> Future[str | None]:
        if self._loop is None or self._pool is None:
            self._loop = asyncio.new_event_loop()
            # The processes die with the thread that starts them, so it lives as long as this process.
            threading.Thread(target=_run, args=[self._loop], name="markdown", daemon=True).start()
            self._pool = ProcessPool(
                "jobs.presenters.markdown.worker",
                size=self._size,
                cpu_limit_s=self._cpu_limit_s,
                idle_s=300.0,
                max_reply_bytes=_MAX_HTML_BYTES,
            )
        return asyncio.run_coroutine_threadsafe(_rendered(self._pool, request), self._loop)


async def _rendered(pool: ProcessPool, request: Mapping[str, Any]) -> str | None:
    replies = await pool.ask(request)
    return str(replies[0]["html"]) if replies else None


async def _end(pool: ProcessPool) -> None:
    waiting = asyncio.all_tasks() - {asyncio.current_task()}
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    await pool.close()


def _run(loop: asyncio.AbstractEventLoop) -> None:
    try:
        loop.run_forever()
    finally:
        loop.close()


_renderer = Renderer()
atexit.register(_renderer.close)


def render_markdown(
    text: str, *, prefix: str = "", citations: int = 0, renderer: Renderer = _renderer
) -> SafeString:
    """Return safe HTML; `prefix` keeps the footnotes of several texts on one page apart.

    `citations` is how many passages the text may cite: `[1]` is a link then, and one of no passage is left out.
    """
    cleaned = clean_text(text)
    if len(cleaned) > MAX_CHARACTERS:
        cleaned = f"{cleaned[:MAX_CHARACTERS]}\n\n*… shortened here; the export holds the whole text.*"
    found = renderer.html_of(cleaned, prefix=prefix, citations=citations)
    if found is None:
        found = (
            f'<p class="muted">{TOO_SLOW}</p>\n<pre class="pre" tabindex="0">{html.escape(cleaned)}</pre>\n'
        )
    return mark_safe(found)  # noqa: S308  (nh3 cleaned it, or it is escaped)


def has_math(*rendered: str) -> bool:
    """Whether a page with these pieces of HTML needs KaTeX."""
    return any('class="math ' in piece for piece in rendered)
