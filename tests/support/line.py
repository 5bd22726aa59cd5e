"""A TCP line to a unix socket that can be cut: every connection over it at once, and for a while."""

import asyncio
import contextlib
import threading


class Line:
    """Listens on the loopback interface and carries bytes to and from a unix socket until it is cut."""

    def __init__(self, socket_path: str) -> None:
        self._socket_path = socket_path
        self._ends: set[asyncio.StreamWriter] = set()
        self._open = True
        self.cuts = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="line", daemon=True)
        self._thread.start()
        self._server, self.port = asyncio.run_coroutine_threadsafe(self._serve(), self._loop).result(10)

    def cut(self) -> None:
        """Cut every connection, and let no new one through until it is mended."""
        asyncio.run_coroutine_threadsafe(self._cut(), self._loop).result(10)

    def mend(self) -> None:
        """Let new connections through again."""
        self._open = True

    def close(self) -> None:
        """Stop listening, and leave nothing behind."""
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    async def _serve(self) -> tuple[asyncio.Server, int]:
        server = await asyncio.start_server(self._carry, "127.0.0.1", 0, backlog=256)
        port: int = server.sockets[0].getsockname()[1]
        return server, port

    async def _cut(self) -> None:
        self._open = False
        for writer in self._ends:
            self.cuts += 1
            writer.transport.abort()

    async def _end(self) -> None:
        self._server.close()
        await self._cut()
        carrying = asyncio.all_tasks() - {asyncio.current_task()}
        if carrying:
            await asyncio.wait(carrying, timeout=5)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self._open:
            writer.transport.abort()
            return
        far_reader, far_writer = await asyncio.open_unix_connection(self._socket_path)
        ends = {writer, far_writer}
        self._ends |= ends
        try:
            await asyncio.gather(self._copy(reader, far_writer), self._copy(far_reader, writer))
        finally:
            self._ends -= ends
            for end in ends:
                end.close()

    async def _copy(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await source.read(65_536):
                target.write(data)
                await target.drain()
        target.close()
