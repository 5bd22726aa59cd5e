"""Serve one model as an OpenAI-compatible endpoint, on this machine only.

    python -m demo_model.server --port 8101 --model intern

llama.cpp does the work. In front of it stands this small server: it checks each request
(`wire.py`), listens on loopback or a Unix socket, and ends with its parent.
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
from pathlib import Path
from typing import Final, Never

from aiohttp import web

from demo_model import engine
from demo_model.front import Front
from demo_model.parent import end_with_parent

CANNOT_START: Final = 2  # exit code
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


async def serve(app: web.Application, place: socket.socket) -> None:
    """Serve until SIGTERM or SIGINT."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
    await runner.setup()
    await web.SockSite(runner, place).start()
    print("ready", flush=True)
    await stop.wait()
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(runner.cleanup(), timeout=1)


def parse() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, prog="python -m demo_model.server")
    parser.add_argument("--model", required=True, help="intern, expert, thinker, or a path to a GGUF file")
    parser.add_argument("--port", type=int, default=8101)
    parser.add_argument("--host", choices=LOOPBACK, default="127.0.0.1")
    parser.add_argument("--socket", type=Path, help="a Unix socket instead of a port")
    parser.add_argument("--slots", type=int, help="requests answered at a time")
    parser.add_argument("--context", type=int, help="tokens a request and its reply may have")
    parser.add_argument("--threads", type=int, default=1, help="CPU threads of the model")
    args = parser.parse_args()
    room = engine.ROOM.get(args.model, engine.OTHER_ROOM)
    args.slots = room.slots if args.slots is None else args.slots
    args.context = room.context if args.context is None else args.context
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


def main() -> Never:
    """Load the model, serve it, and leave without waiting for llama.cpp's threads."""
    args = parse()
    end_with_parent()
    status = 0
    with tempfile.TemporaryDirectory(prefix="ponder-model-") as folder:
        inner = Path(folder) / "llama.sock"
        try:
            path = engine.find_model(args.model)
            place = listen(args.host, args.port, args.socket)
            # Kept alive by this name: llama.cpp serves as long as the object exists.
            native = engine.start(
                path, slots=args.slots, context=args.context, threads=args.threads, inner_socket=inner
            )
            front = Front(engine.served_name(args.model), inner, context=args.context)
            asyncio.run(serve(front.app(), place))
            assert native is not None
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
