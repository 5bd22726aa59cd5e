"""A provider's side of the books: a process of its own that executes calls, and remembers what each one cost.

A line `RUN CALL HOLD` executes a call and is answered with its cost, between a fifth of the hold and all of it, after
some milliseconds; a line `bill` is answered with everything that was executed, as JSON. It prints its port first.
"""

import asyncio
import json
import random
import sys

_LONGEST_S = 0.01


class Biller:
    """Executes calls."""

    def __init__(self, seed: int) -> None:
        self._draw = random.Random(seed)
        self._executed: dict[str, dict[str, int]] = {}

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one caller until it hangs up, or is killed."""
        try:
            while line := (await reader.readline()).decode().split():
                if line == ["bill"]:
                    writer.write(json.dumps(self._executed).encode() + b"\n")
                else:
                    run, call, hold = line
                    # Executed once it was sent: whether anybody is there for the reply does not matter.
                    cost = self._executed.setdefault(run, {})[call] = self._draw.randint(
                        int(hold) // 5, int(hold)
                    )
                    await asyncio.sleep(self._draw.uniform(0, _LONGEST_S))
                    writer.write(b"%d\n" % cost)
                await writer.drain()
        except ConnectionError:
            pass
        finally:
            writer.close()


async def main(seed: int) -> None:
    """Serve until the process is ended."""
    server = await asyncio.start_server(Biller(seed).serve, "127.0.0.1", 0, limit=2**16)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
