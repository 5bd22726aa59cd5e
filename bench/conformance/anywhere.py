"""The same job on every kind of server: bundled models, LiteLLM's own proxy, a GGUF file, an Ollama-shaped server.

Nothing but environment variables differs. The proxy is LiteLLM's own, a process with packages of its own (fetched at the
first run: half a gigabyte), in front of a server that answers what it should; the bundled models and the file compute.

`ways`: how many kinds of servers; `right`: on how many the answer was right and something within the budget was charged.
"""

import contextlib
import importlib.metadata
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator, Mapping
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

from bench import VAR
from bench.extra import fetch

_ROOT = Path(__file__).resolve().parents[2]
_PROBLEM, _ANSWER = "Compute (3 + 4) * 2 mod 5.", "4"
_BUDGET_USD = "0.05"
_START_S = 180.0
_MODEL = "qwen3:8b"
_KEY = "sk-of-this-machine-alone"


class _Server(BaseHTTPRequestHandler):
    """Ollama's addresses and OpenAI's: one model, one answer."""

    protocol_version = "HTTP/1.1"
    _told: ClassVar[Mapping[str, Any]] = {
        "/v1/models": {"data": [{"id": _MODEL}]},
        "/api/ps": {"models": []},
        "/api/show": {"capabilities": ["completion"], "model_info": {"qwen3.context_length": 40_960}},
        "/v1/chat/completions": {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 1_764_000_000,
            "model": _MODEL,
            "choices": [
                {
                    "index": 0,
                    "message": {"role": "assistant", "content": f"7 * 2 = 14.\n\nAnswer: {_ANSWER}"},
                    "finish_reason": "stop",
                }
            ],
            "usage": {"prompt_tokens": 90, "completion_tokens": 15, "total_tokens": 105},
        },
    }

    def do_GET(self) -> None:
        """Tell what is known of an address."""
        told = self._told.get(self.path)
        body = json.dumps(told or {"error": "unknown"}).encode()
        self.send_response(200 if told else 404)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        """Answer whatever is asked."""
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.do_GET()

    def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002  (the library's name)
        """Say nothing."""


@contextlib.contextmanager
def _server() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Server) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@contextlib.contextmanager
def _proxy(behind: str) -> Iterator[str]:
    """Run LiteLLM's proxy in front of a server. Raises TimeoutError where it does not start."""
    packages = fetch("litellm-proxy", f"litellm[proxy]=={importlib.metadata.version('litellm')}")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory() as directory:
        config = Path(directory) / "config.yaml"
        model = {"model": f"openai/{_MODEL}", "api_base": f"{behind}/v1", "api_key": "none"}
        # YAML reads JSON.
        config.write_text(
            json.dumps(
                {
                    "model_list": [{"model_name": "behind-the-proxy", "litellm_params": model}],
                    "general_settings": {"master_key": _KEY},
                }
            )
        )
        command = [
            sys._base_executable, "-c", "from litellm import run_server; run_server()",  # type: ignore[attr-defined]  # noqa: SLF001
            "--config", str(config), "--host", "127.0.0.1", "--port", str(port), "--telemetry", "False",
        ]  # fmt: skip
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": directory,
            "PYTHONPATH": str(packages),
            "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        }
        with subprocess.Popen(  # noqa: S603  (our own command)
            command, env=environment, cwd=directory, stdout=sys.stderr, stderr=sys.stderr
        ) as process:
            try:
                _await(f"http://127.0.0.1:{port}/health/liveliness", process)
                yield f"http://127.0.0.1:{port}"
            finally:
                process.terminate()


def _await(address: str, process: subprocess.Popen[bytes]) -> None:
    ends_s = time.monotonic() + _START_S
    while time.monotonic() < ends_s and process.poll() is None:
        with contextlib.suppress(OSError), urllib.request.urlopen(address, timeout=2):  # noqa: S310  (of this machine)
            return
        time.sleep(0.5)
    raise TimeoutError(f"LiteLLM's proxy does not answer at {address}.")


def _solve(**environment: str) -> dict[str, Any]:
    """Solve the problem in a process of its own, on data of its own; return what it came to."""
    VAR.mkdir(exist_ok=True)
    directory = tempfile.mkdtemp(prefix="bench-", dir=VAR)
    clean = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PONDER_", "DATABASE_URL", "REDIS_URL", "DJANGO_"))
        and not name.endswith(("_API_KEY", "_API_BASE", "_BASE_URL"))
    }
    try:
        done = subprocess.run(  # noqa: S603  (our own command)
            [sys.executable, "manage.py", "solve", _PROBLEM, "--budget", _BUDGET_USD, "--json"],
            env=clean | {"DATA_DIR": directory} | environment,
            cwd=_ROOT,
            stdout=subprocess.PIPE,
            check=False,
        )
        said = json.loads(done.stdout or b"{}")
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    return {name: said.get(name) for name in ("answer", "stop_reason", "calls", "charged_usd")}


def measure(quick: bool) -> dict[str, Any]:  # noqa: FBT001  (the measurements' common signature)
    """Return what the job came to on each kind of server; quick: without the proxy, which is fetched."""
    found = {
        "bundled models": _solve(),
        "a GGUF file": _solve(PONDER_GGUF=str(_ROOT / "demo_model" / "weights" / "expert.gguf")),
    }
    with _server() as address:
        found["an Ollama-shaped server"] = _solve(OLLAMA_API_BASE=address)
        if not quick:
            with _proxy(address) as proxy:
                found["LiteLLM's proxy"] = _solve(
                    OPENAI_BASE_URL=f"{proxy}/v1",
                    OPENAI_API_KEY=_KEY,
                    PONDER_MODELS="openai/behind-the-proxy",
                    PONDER_PRICES="openai/behind-the-proxy=0.10/0.40/32000/4096",
                )
    right = [
        each["answer"] == _ANSWER and 0 < Decimal(each["charged_usd"] or 0) <= Decimal(_BUDGET_USD)
        for each in found.values()
    ]
    return {"ways": len(found), "right": sum(right), "problem": _PROBLEM, "jobs": found}
