"""`read_page`: a public page, PDF or text of the web, as passages that can be cited."""

import asyncio
import html
import re
import tempfile
import time
from collections.abc import Mapping
from concurrent.futures import Executor
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urljoin, urlsplit

from files.extraction import Extract, ExtractionError, FileKind, extract
from files.passages import passages_of, ranked
from solver.core.programs import Asker
from solver.core.tools import Source, ToolOutcome, ToolSpec
from tools.tool import text_argument, text_schema
from tools.web.address import MOST_ADDRESS_CHARS, AddressRefused, Target, target_of
from tools.web.http import BadReply, Deadline, Reply, exchange
from tools.web.robots import MOST_BYTES as MOST_ROBOTS_BYTES
from tools.web.robots import Robots

MOST_BYTES = 8_000_000
MOST_REDIRECTS = 5
WITHIN_S = 30.0
_MOST_PASSAGES = 10
_REDIRECTS = {301, 302, 303, 307, 308}
_HEAD_CHARS = 100_000
_TITLE = re.compile(r"<title\b[^<>]{0,200}>([^<]{1,1000})", re.IGNORECASE)
_META = re.compile(r"<meta\b[^<>]{0,1000}>", re.IGNORECASE)
_DATED = re.compile(
    r"(?:article:published_time|article:modified_time|datepublished|dc\.date|\"date\"|'date')", re.IGNORECASE
)
_DATE = re.compile(r"content\s*=\s*[\"']?(\d{4}-\d{2}-\d{2})", re.IGNORECASE)
_SUFFIXES = {
    "text/html": ".html", "application/xhtml+xml": ".html", "application/json": ".json", "text/csv": ".csv",
    "text/markdown": ".md", "text/xml": ".xml", "application/xml": ".xml", "text/plain": ".txt",
}  # fmt: skip


class PageRefused(ValueError):
    """A page that is not read; the message says why."""


class PageReader:
    """Reads pages for all jobs of a process; its methods block."""

    def __init__(self, *, user_agent: str, allowed_hosts: frozenset[str], within_s: float = WITHIN_S) -> None:
        """Say who reads; sites know robots by the first word of that."""
        self._headers = {
            "User-Agent": user_agent,
            "Accept": "text/html,application/pdf,text/*;q=0.9,*/*;q=0.5",
        }
        self._allowed_hosts = allowed_hosts
        self._within_s = within_s
        self._robots = Robots(user_agent.split("/", maxsplit=1)[0].split(" ", maxsplit=1)[0])

    def read(self, address: str, about: str = "") -> ToolOutcome:
        """Return a page's passages, those that match `about` best where they are many."""
        try:
            target, reply = self._fetched(address, Deadline(self._within_s))
            found = _extract(target, reply)
        except TimeoutError:
            return ToolOutcome("", error=f"The page did not arrive within {self._within_s:.0f} seconds.")
        except (AddressRefused, PageRefused, BadReply) as error:
            return ToolOutcome("", error=str(error))
        except ExtractionError as error:
            return ToolOutcome("", error=f"The page cannot be read. {error}")
        except OSError as error:
            return ToolOutcome("", error=f"The page cannot be reached ({type(error).__name__}).")
        return _outcome(target, reply, found, about)

    def _fetched(self, address: str, deadline: Deadline) -> tuple[Target, Reply]:
        """Return a page, at the end of its redirects, each of which is checked as the first address was."""
        for _ in range(MOST_REDIRECTS + 1):
            target = target_of(address, allowed_hosts=self._allowed_hosts)
            refusal = self._robots.refusal(
                target.address, target.origin, lambda robots: self._robots_file(robots, deadline)
            )
            if refusal:
                deadline.left_s()
                raise PageRefused(f"{target.host} {refusal}")
            reply = exchange(target, deadline, most_bytes=MOST_BYTES, headers=self._headers)
            if reply.status in _REDIRECTS and (leads_to := reply.headers.get("location")):
                address = _joined(target.address, leads_to)
                continue
            if reply.status != 200:
                raise PageRefused(f"{target.host} answered {reply.status} instead of a page.")
            return target, reply
        raise PageRefused(f"The page leads on more than {MOST_REDIRECTS} times.")

    def _robots_file(self, address: str, deadline: Deadline) -> Reply:
        for _ in range(MOST_REDIRECTS + 1):
            try:
                target = target_of(address, allowed_hosts=self._allowed_hosts)
            except AddressRefused as error:
                raise BadReply(str(error)) from error
            reply = exchange(
                target, deadline, most_bytes=MOST_ROBOTS_BYTES, headers=self._headers, is_cut=True
            )
            leads_to = reply.headers.get("location")
            if reply.status not in _REDIRECTS or not leads_to:
                return reply
            address = _joined(target.address, leads_to)
        return Reply(404, {}, b"")  # as RFC 9309 has it: too many redirects are a missing file


def _joined(address: str, leads_to: str) -> str:
    try:
        return urljoin(address, leads_to).partition("#")[0]
    except ValueError:
        raise AddressRefused("The page leads to something that is not an address.") from None


def _extract(target: Target, reply: Reply) -> Extract:
    """Return what a page says, read in a process that may be killed. Raises ExtractionError."""
    media_type = reply.headers.get("content-type", "").partition(";")[0].strip().lower()
    suffix = _SUFFIXES.get(media_type) or PurePosixPath(urlsplit(target.address).path).suffix[:10] or ".txt"
    with tempfile.TemporaryDirectory(prefix="ponder-page-") as directory:
        path = Path(directory) / "page"
        path.write_bytes(reply.body)
        pictures = Path(directory) / "pictures"
        pictures.mkdir()
        found = extract(path, f"page{suffix}", pictures)
    if not found.pages:
        raise ExtractionError("There is no text in it.")
    return found


def _outcome(target: Target, reply: Reply, found: Extract, about: str) -> ToolOutcome:
    head = reply.body[:_HEAD_CHARS].decode("utf-8", "replace") if found.kind is FileKind.HTML else ""
    named = _TITLE.search(head)
    title = " ".join(html.unescape(named[1]).split())[:200] if named else target.host
    date = _date(head, reply)
    passages = list(passages_of(found.pages))
    texts = [passage.text for passage in passages]
    order = ranked(texts, about) if about else list(range(len(texts)))
    taken = sorted(order[:_MOST_PASSAGES])
    many = (
        ""
        if len(taken) == len(passages)
        else f" Of its {len(passages):,} passages these {len(taken)} are shown."
    )
    sources = tuple(
        Source(title, target.address, _place(passages[at].where, len(passages)), date, passages[at].text)
        for at in taken
    )
    return ToolOutcome(f"“{title}”, {target.address}, of {date}.{many}", sources)


def _place(where: str, of: int) -> str:
    return "" if of == 1 and where.startswith("lines ") else where


def _date(head: str, reply: Reply) -> str:
    """Return when a page says it was written, else when its server says it was changed, else today."""
    for tag in _META.findall(head):
        if _DATED.search(tag) and (found := _DATE.search(tag)):
            return found[1]
    try:
        return parsedate_to_datetime(reply.headers["last-modified"]).date().isoformat()
    except (KeyError, ValueError, TypeError, IndexError, OverflowError):
        return datetime.fromtimestamp(time.time(), UTC).date().isoformat()


class ReadPage:
    """Reads pages for one job."""

    def __init__(self, reader: PageReader, threads: Executor) -> None:
        """Read on `threads`."""
        self._reader = reader
        self._threads = threads

    @property
    def spec(self) -> ToolSpec:
        """What models are told of it."""
        return ToolSpec(
            "read_page",
            "Read a page, PDF or text of the web by its address (https://…), as passages that can be cited. Of a long "
            f"one {_MOST_PASSAGES} passages are shown: those that fit “about” best.",
            text_schema(
                {"address": "The address.", "about": "What you want to know of it, in a few words."},
                optional=("about",),
            ),
            timeout_s=150.0,
        )

    async def use(self, arguments: Mapping[str, Any], _: Asker, /) -> ToolOutcome:
        """Return a page's passages. Raises WrongArguments."""
        address = text_argument(arguments, "address", most_chars=MOST_ADDRESS_CHARS).strip()
        about = text_argument(arguments, "about", most_chars=1_000, default="")
        return await asyncio.get_running_loop().run_in_executor(
            self._threads, self._reader.read, address, about
        )
