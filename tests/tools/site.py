"""A small web site of this machine: pages, and what hostile sites do."""

import gzip
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

type Answer = Callable[[BaseHTTPRequestHandler], None]


def page(body: str | bytes, media_type: str = "text/html", status: int = 200, **headers: str) -> Answer:
    """Return an answer with a body."""
    data = body.encode() if isinstance(body, str) else body

    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(status)
        request.send_header("Content-Type", media_type)
        request.send_header("Content-Length", str(len(data)))
        for name, value in headers.items():
            request.send_header(name.replace("_", "-"), value)
        request.end_headers()
        request.wfile.write(data)

    return answer


def leads_to(address: str) -> Answer:
    """Return a redirect."""
    return page("", status=302, Location=address)


def endless(request: BaseHTTPRequestHandler) -> None:
    """Send bytes until the other side goes away, a GB at most."""
    request.send_response(200)
    request.end_headers()
    for _ in range(1_000):
        request.wfile.write(b"<p>more</p>" * 100_000)


def trickle(part: str, stopped: threading.Event) -> Answer:
    """Return an answer that sends a byte now and then: of its head, or of its body."""

    def answer(request: BaseHTTPRequestHandler) -> None:
        request.wfile.write(b"HTTP/1.1 200 OK\r\n" + (b"\r\n" if part == "body" else b"X-Long: "))
        while not stopped.wait(0.05):
            request.wfile.write(b"a")

    return answer


def bomb(unpacked_bytes: int) -> Answer:
    """Return a packed answer that is far larger unpacked."""
    return page(gzip.compress(b"\0" * unpacked_bytes), Content_Encoding="gzip")


@contextmanager
def site(answers: dict[str, Answer]) -> Iterator[tuple[str, list[str]]]:
    """Serve these paths; give the address of the site, and a list of what was asked: “GET /path Host”."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(f"{self.command} {self.path} {self.headers['Host']}")
            answer = answers.get(self.path.partition("?")[0], page("no such page", status=404))
            try:
                answer(self)
            except OSError:
                self.close_connection = True

        do_POST = do_GET  # noqa: N815  (so the library calls it)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
