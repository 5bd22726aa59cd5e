"""Serve one model as an OpenAI-compatible endpoint, on this machine only.

    python -m demo_model.server --port 8101 --model intern

llama.cpp does the work. In front of it stands this small server: it checks each request
(`wire.py`), listens on loopback or a Unix socket, and ends with its parent. With `--on-demand`
it holds no model itself (`on_demand.py`).
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import signal
import socket
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, Never

from aiohttp import web

from demo_model import engine
from demo_model.front import Front
from demo_model.on_demand import OnDemand
from demo_model.parent import end_with_parent

CANNOT_START: Final = 2  # exit code
STOP_MODELS_SECONDS: Final = 3
LOOPBACK: Final = ("127.0.0.1", "::1", "localhost")
MAX_SOCKET_PATH: Final = 100  # bytes; the system's limit is 107


class CannotStartError(Exception):
    """The server cannot start; the message says what to do."""


def listen(host: str, port: int, path: Path | None) -> socket.socket:
    """Take the address before the model is loaded, so that a taken port is told at once."""
    try:
        if path is None:
            family = socket.AF_INET6 if ":" in host else socket.AF_INET
            return socket.create_server((host, port), family=family, backlog=512)
        with contextlib.suppress(FileNotFoundError, ConnectionRefusedError):
            with socket.socket(socket.AF_UNIX) as probe:
                probe.connect(str(path))
            raise CannotStartError(f"Another server listens on {path}. Stop it or choose another.")
        if path.exists() and not path.is_socket():
            raise CannotStartError(f"{path} exists and is no socket. Choose another with --socket.")
        path.unlink(missing_ok=True)
        found = socket.socket(socket.AF_UNIX)
        found.bind(str(path))
        path.chmod(0o600)
        found.listen(512)
    except OSError as error:
        where = f"port {port} on {host}" if path is None else str(path)
        raise CannotStartError(
            f"Cannot listen on {where} ({(error.strerror or 'refused').lower()}). "
            "Choose another with --port or --socket, or stop what uses it."
        ) from None
    return found


async def serve(make: Callable[[], web.Application], place: socket.socket, *, cleanup_s: float = 1) -> None:
    """Serve an application until SIGTERM or SIGINT, and give it so many seconds to end."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    runner = web.AppRunner(make(), access_log=None, shutdown_timeout=0.2)
    await runner.setup()
    await web.SockSite(runner, place).start()
    print("ready", flush=True)
    await stop.wait()
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(runner.cleanup(), timeout=cleanup_s)


def parse() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, prog="python -m demo_model.server")
    parser.add_argument(
        "--model",
        required=True,
        help=f"{', '.join(engine.CAPACITY)}, or a path to a GGUF file; with --on-demand several, between commas",
    )
    parser.add_argument("--port", type=int, default=8101)
    parser.add_argument("--host", choices=LOOPBACK, default="127.0.0.1")
    parser.add_argument("--socket", type=Path, help="a Unix socket instead of a port")
    parser.add_argument("--slots", type=int, help="requests answered at a time")
    parser.add_argument("--context", type=int, help="tokens a request and its reply may have at most")
    parser.add_argument("--threads", type=int, help="CPU threads of the model")
    parser.add_argument("--on-demand", action="store_true", help="start a model at its first request")
    parser.add_argument("--idle-s", type=float, default=300, help="seconds after which an idle model stops")
    args = parser.parse_args()
    capacity = engine.CAPACITY.get(args.model, engine.OTHER_CAPACITY)
    args.slots = capacity.slots if args.slots is None else args.slots
    args.context = capacity.context if args.context is None else args.context
    if args.threads is None:
        args.threads = 1 if args.model in engine.CAPACITY else max((os.cpu_count() or 1) // 2, 1)
    for name in ("slots", "threads"):
        if not 1 <= getattr(args, name) <= 64:
            parser.error(f"--{name} must be from 1 to 64")
    if not 1 <= args.port <= 65535:
        parser.error("--port must be from 1 to 65535")
    if args.context < 64:
        parser.error("--context must be at least 64")
    if args.socket is not None and len(os.fsencode(args.socket)) > MAX_SOCKET_PATH:
        parser.error(f"--socket must be a path of at most {MAX_SOCKET_PATH} bytes")
    return args


# Until the process ends: whoever drops a server waits for llama.cpp's threads, now and then for ever.
_NATIVE: list[Any] = []


def serve_model(args: argparse.Namespace, inner: Path) -> None:
    """Load the model into this process and serve it."""
    path = engine.find_model(args.model)
    place = listen(args.host, args.port, args.socket)
    capacity = engine.CAPACITY.get(args.model, engine.OTHER_CAPACITY)._replace(
        slots=args.slots, context=args.context
    )
    _NATIVE.append(engine.start(path, capacity=capacity, threads=args.threads, inner_socket=inner))
    front = Front(engine.served_name(args.model), inner, context=args.context)
    asyncio.run(serve(front.app, place))


def serve_on_demand(args: argparse.Namespace, folder: Path) -> None:
    """Serve models each of which gets a process at its first request, with the same options."""
    models = [model for part in args.model.split(",") if (model := part.strip())]
    for model in models:
        engine.find_model(model)
    served = {engine.served_name(model): model for model in models}
    if len(served) < len(models) or not served:
        raise CannotStartError("--model must name one model or several files with different names.")
    place = listen(args.host, args.port, args.socket)
    given = {"slots": args.slots, "context": args.context, "threads": args.threads}
    options = [word for name, value in given.items() for word in (f"--{name}", str(value))]
    on_demand = OnDemand(served, folder, idle_s=args.idle_s, options=options)
    asyncio.run(serve(on_demand.app, place, cleanup_s=STOP_MODELS_SECONDS))


def main() -> Never:
    """Serve what the command line names, and leave without waiting for llama.cpp's threads."""
    args = parse()
    end_with_parent()
    status = 0
    with tempfile.TemporaryDirectory(prefix="ponder-model-") as folder:
        try:
            if args.on_demand:
                serve_on_demand(args, Path(folder))
            else:
                serve_model(args, Path(folder) / "llama.sock")
        except (engine.ModelFileError, CannotStartError) as error:
            print(error, file=sys.stderr)
            status = CANNOT_START
        finally:
            if args.socket is not None and status == 0:
                args.socket.unlink(missing_ok=True)
    sys.stdout.flush()
    sys.stderr.flush()
    # llama.cpp's threads may still be writing a reply; nothing here needs their clean end.
    os._exit(status)


if __name__ == "__main__":
    main()
