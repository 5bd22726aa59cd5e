"""How quick the pages are under a mixed load, and how heavy, with 10,000 jobs and a million calls.

The web server is that of `make run`, one process of eight threads, over a PostgreSQL and a Redis of its own. Visitors
come at a rate however slow it is: a request is counted from when it was due.

| Key | Meaning |
|---|---|
| `p99_ms` | the time that 99 of 100 requests take at most, at 48 a second of `_mixture` |
| `poll_cpu_ms` | processor time of the web server for a poll of a running job in which nothing changed |
| `max_queries` | the most statements that one of the pages needs |
| `css_gzip_bytes` | all style sheets of Ponder, compressed |
| `js_gzip_bytes` | all scripts of Ponder and htmx, compressed; KaTeX comes only with maths |
| `warm_bytes` | what the heaviest page transfers where its style sheets, scripts and fonts are known |
"""

import gzip
import os
import re
import socket
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.load.workers import cpu_s, percentile, wait_for
from bench.pages.books import Books, fill
from bench.pages.visitors import Ask, Visitor, visit
from bench.services import database
from reasoning_app.embedded import commands
from reasoning_app.embedded.child import Child
from reasoning_app.paths import BASE_DIR

RATE_PER_S = 48
FOR_S, QUICK_FOR_S = 120.0, 30.0
WARM_UP_S = 5.0
POLLS, QUICK_POLLS = 4_000, 1_000
_FRAGMENT = {"HX-Request": "true"}
_ASSET = re.compile(r'(?:href|src)="(/static/[^"]+)"')


def measure(quick: bool) -> dict[str, Any]:  # noqa: FBT001  (the measurements' common signature)
    """Return the figures."""
    with database(PONDER_MODELS="demo/expert", ALLOWED_HOSTS="127.0.0.1,testserver", LOG_LEVEL="WARNING"):
        books = fill()
        cookies = _sign_in(books)
        port = _free_port()
        logs = Path(os.environ["DATA_DIR"]) / "logs"
        web = Child(
            "web",
            commands.web(bind=f"127.0.0.1:{port}"),
            env=dict(os.environ),
            log=logs / "web.log",
            grace_s=15,
        )
        web.start()
        try:
            wait_for(lambda: _answers(port), what="The web server")
            asks = _mixture(books, Visitor(port, cookies))
            visit(lambda: Visitor(port, cookies), asks, rate_per_s=10, for_s=WARM_UP_S)
            load = visit(
                lambda: Visitor(port, cookies),
                asks,
                rate_per_s=RATE_PER_S,
                for_s=QUICK_FOR_S if quick else FOR_S,
            )
            _tell(asks, load.took_ms, web, Visitor(port, cookies))
            sys.stderr.write(f"{load.rate_per_s:.1f} requests a second\n")
            return {
                "p99_ms": round(percentile([ms for _, ms in load.took_ms], 0.99), 1),
                "poll_cpu_ms": _poll_cpu_ms(
                    web, Visitor(port, cookies), asks, QUICK_POLLS if quick else POLLS
                ),
                "max_queries": _max_queries(books, asks),
                "css_gzip_bytes": _gzip_bytes(sorted((BASE_DIR / "static" / "css").glob("*.css"))),
                "js_gzip_bytes": _gzip_bytes([*sorted((BASE_DIR / "static" / "js").glob("*.js")), _htmx()]),
                "warm_bytes": max(_warm_bytes(Visitor(port, cookies), ask) for ask in _pages(asks)),
            }
        finally:
            web.stop()


def _mixture(books: Books, visitor: Visitor) -> list[Ask]:
    """Return what is asked for, in an order in which each kind is spread evenly."""
    ended, running = books.ended.get_absolute_url(), books.running.get_absolute_url()
    page = visitor.ask(Ask("job", running)).text
    [poll] = re.findall(r'hx-get="([^"]+/live/[^"]+)"', page)
    [offers] = re.findall(r'"offers": "([^"]+)"', page)
    live = Ask("poll", f"{poll.replace('&amp;', '&')}&offers={offers}", headers=_FRAGMENT, expected=(204,))
    typed = {"problem": "Use 3, 7, 12, 25 to make 58.", "budget": "0.25", "strategy": "auto", "result": "",
             "checker": ""}  # fmt: skip
    assets = list(dict.fromkeys(_ASSET.findall(page)))
    rare = [
        Ask("list", "/jobs/"),
        Ask("list", "/jobs/?state=done&sort=spent", headers=_FRAGMENT),
        Ask("list", "/jobs/?tag=weekly&page=9"),
        Ask("list", "/jobs/?state=exhausted&page=40"),
        Ask("search", "/jobs/?q=make+58", headers=_FRAGMENT),
        Ask("search", "/jobs/?q=sum+of+4711", headers=_FRAGMENT),
        Ask("search", "/jobs/?q=nowhere", headers=_FRAGMENT),
        Ask("ended job", ended),
        Ask("ended job", ended),
        Ask("running job", running),
        Ask("new job", "/jobs/new/"),
        Ask("new job", f"/jobs/new/?from={books.ended.pk}"),
        Ask("landing", "/"),
        Ask("wallet", "/wallet/"),
        Ask("costs", "/staff/costs/?days=30&by=model"),
        Ask("costs", "/staff/costs/?days=90&by=day"),
        *(
            Ask("quote", "/jobs/quote/", form=typed | {"budget": budget}, headers=_FRAGMENT)
            for budget in _BUDGETS
        ),
        *(Ask("static", address, headers={}) for address in assets[:10]),
    ]
    often = [live] * 28
    return [ask for _, ask in sorted(
        [(number / len(some), ask) for some in (rare, often) for number, ask in enumerate(some)], key=lambda each: each[0]
    )]  # fmt: skip


_BUDGETS = ("0.25", "1.00", "0.25", "5.00", "0.05", "20.00")


def _pages(asks: Sequence[Ask]) -> list[Ask]:
    return [
        ask
        for ask in dict.fromkeys(_plain(ask) for ask in asks)
        if ask.name not in {"poll", "quote", "static"}
    ]


def _plain(ask: Ask) -> Ask:
    return ask._replace(form=(), headers=())  # type: ignore[arg-type]


def _tell(asks: Sequence[Ask], took_ms: Sequence[tuple[str, float]], web: Child, visitor: Visitor) -> None:
    """Write how long each kind took, and the processor time of each when nobody else asks."""
    for name in dict.fromkeys(ask.name for ask in asks):
        own = [ms for each, ms in took_ms if each == name]
        of_kind = [ask for ask in asks if ask.name == name]
        rounds = -(-16 // len(of_kind))
        used_s = _cpu_s(web)
        for ask in of_kind * rounds:
            visitor.ask(ask)
        cpu_ms = (_cpu_s(web) - used_s) * 1000 / (rounds * len(of_kind))
        sys.stderr.write(
            f"{name:12} {len(own):5} requests, median {percentile(own, 0.5):7.1f} ms, "
            f"p99 {percentile(own, 0.99):7.1f} ms; {cpu_ms:6.2f} ms of processor\n"
        )


def _poll_cpu_ms(web: Child, visitor: Visitor, asks: Sequence[Ask], polls: int) -> float:
    [poll] = dict.fromkeys(ask.address for ask in asks if ask.name == "poll")
    ask = Ask("poll", poll, headers=_FRAGMENT, expected=(204,))
    used_s = _cpu_s(web)
    for _ in range(polls):
        visitor.ask(ask)
    return round((_cpu_s(web) - used_s) * 1000 / polls, 3)


def _cpu_s(web: Child) -> float:
    """Return what the server's processes have used: the one that was started, and its workers."""
    pid = web.pid or 0
    children = [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return cpu_s(pid) + sum(cpu_s(child) for child in children)


def _max_queries(books: Books, asks: Sequence[Ask]) -> int:
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    client = Client()
    client.force_login(books.owner, backend="django.contrib.auth.backends.ModelBackend")
    most = 0
    for ask in dict.fromkeys(ask.address for ask in asks if not ask.form and ask.name != "static"):
        client.get(ask)
        with CaptureQueriesContext(connection) as captured:
            client.get(ask)
        sys.stderr.write(f"{len(captured):3} statements {ask}\n")
        most = max(most, len(captured))
    return most


def _warm_bytes(visitor: Visitor, ask: Ask) -> int:
    """Return the bytes of a page and of those of its files that a browser may not keep unasked."""
    page = visitor.ask(Ask("page", ask.address))
    total, transferred = len(page.body), []
    for address in dict.fromkeys(_ASSET.findall(page.text)):
        file = visitor.ask(Ask("static", address))
        if "immutable" in file.headers.get("cache-control", ""):
            continue
        again = {"If-Modified-Since": file.headers.get("last-modified", "")}
        transferred.append(len(visitor.ask(Ask("static", address, headers=again, expected=(200, 304))).body))
    sys.stderr.write(f"{total:7} bytes of page, {sum(transferred)} of files {ask.address}\n")
    return total + sum(transferred)


def _gzip_bytes(paths: Sequence[Path]) -> int:
    return sum(len(gzip.compress(path.read_bytes(), 9)) for path in paths)


def _htmx() -> Path:
    import django_htmx

    return Path(django_htmx.__file__).parent / "static" / "django_htmx" / "htmx-2.min.js"


def _sign_in(books: Books) -> dict[str, str]:
    """Return the cookies of a browser in which the owner has signed in."""
    from django.test import Client

    client = Client()
    client.force_login(books.owner, backend="django.contrib.auth.backends.ModelBackend")
    client.get("/jobs/new/")
    return {name: cookie.value for name, cookie in client.cookies.items()}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _answers(port: int) -> bool:
    try:
        return Visitor(port, {}).ask(Ask("health", "/healthz")).status == 200
    except (OSError, RuntimeError):
        time.sleep(0.2)
        return False
