"""HTTP as Stripe speaks it: form fields in brackets, JSON out, Idempotency-Key, a version header, errors with a type."""

import json
import re
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

Json = dict[str, Any]
Answer = Callable[[str, str, Json, dict[str, str]], tuple[int, Json]]
_PART = re.compile(r"[^\[\]]+")


class StripeServer:
    """Serves one stand-in for Stripe on a free port until it is closed."""

    def __init__(self, answer: Answer) -> None:
        class Handler(_Handler):
            pass

        Handler.answer = staticmethod(answer)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    answer: Answer
    protocol_version = "HTTP/1.1"
    # One packet a reply: with two, the kernel waits for the client's acknowledgement in between.
    wbufsize = -1

    def do_GET(self) -> None:
        self._respond("get")

    def do_POST(self) -> None:
        self._respond("post")

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def _respond(self, method: str) -> None:
        address = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        fields = nested(parse_qsl(body or address.query, keep_blank_values=True))
        status, reply = self.answer(method, address.path, fields, dict(self.headers.items()))
        sent = json.dumps(reply).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(sent)))
        if status >= 500:
            self.send_header("Stripe-Should-Retry", "false")
        self.end_headers()
        self.wfile.write(sent)


def nested(pairs: list[tuple[str, str]]) -> Json:
    """Return form fields such as `a[b][0]=c` as nested dictionaries (lists too: their keys are numbers as text)."""
    found: Json = {}
    for name, value in pairs:
        *path, last = _PART.findall(name)
        at = found
        for part in path:
            at = at.setdefault(part, {})
        at[last] = value
    return found
