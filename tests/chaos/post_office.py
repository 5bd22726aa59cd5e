"""A small real SMTP server that can be shut: it keeps each message's Message-ID and recipient."""

import asyncio
import email
import threading
from collections import Counter
from collections.abc import Coroutine
from typing import Any


class PostOffice:
    """Accepts mail on a loopback port; `close_doors` refuses connections until `open_doors`."""

    def __init__(self) -> None:
        self.received: Counter[str] = Counter()
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, name="post-office", daemon=True).start()
        self._server: asyncio.Server | None = None
        self.port = 0
        self.open_doors()

    def open_doors(self) -> None:
        """Accept mail; always on the same port."""
        if self._server is None:
            # A mail carries pictures: more than the 64 KiB that a reader takes if told nothing.
            self._server = self._do(asyncio.start_server(self._talk, "127.0.0.1", self.port, limit=16 << 20))
            self.port = self._server.sockets[0].getsockname()[1]

    def close_doors(self) -> None:
        """Refuse connections."""
        if self._server is not None:
            server, self._server = self._server, None
            self._loop.call_soon_threadsafe(server.close)

    def _do[T](self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(30)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async def say(text: str) -> None:
            writer.write(text.encode() + b"\r\n")
            await writer.drain()

        try:
            await say("220 chaos ESMTP")
            while line := await reader.readline():
                verb = line.split()[0].upper() if line.split() else b""
                if verb in {b"EHLO", b"HELO", b"MAIL", b"RCPT", b"RSET", b"NOOP"}:
                    await say("250 fine")
                elif verb == b"DATA":
                    await say("354 go on")
                    message = await reader.readuntil(b"\r\n.\r\n")
                    self.received[str(email.message_from_bytes(message)["Message-ID"])] += 1
                    await say("250 taken")
                elif verb == b"QUIT":
                    await say("221 bye")
                    break
                else:
                    await say("502 what?")
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()
