"""`python -m bench.source`: a minimal IRC server that accepts joins and then sends as fast as the client reads.

Commands arrive on its standard input: `render N` prepares N messages in the joined channels, `go` sends them. It
prints `listening PORT`, `rendered N` and `sent`.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from itertools import islice
from pathlib import Path

import uvloop

from bench.lines import generated

HOST = "tmi.twitch.tv"
BLOCK_LINES = 200


class Source:
    """All connections, each with its joined channels. `ids` maps logins to channel ids."""

    def __init__(self, ids: dict[str, str]) -> None:
        self._ids = ids
        self._nicks: dict[asyncio.StreamWriter, str] = {}
        self._joined: dict[asyncio.StreamWriter, list[str]] = {}
        self._blocks: dict[asyncio.StreamWriter, list[bytes]] = {}

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one client until it disconnects."""
        self._joined[writer] = []
        try:
            while line := (await reader.readline()).decode().strip():
                writer.write(self._answer(writer, line).encode())
        except ConnectionError:
            pass
        finally:
            del self._joined[writer]
            writer.close()

    def render(self, count: int) -> int:
        """Prepare messages for each connection, in proportion to its channels; return the total."""
        rendered = 0
        channels = sum(map(len, self._joined.values()))
        for seed, (writer, logins) in enumerate(self._joined.items()):
            rooms = [(self._ids[login], login) for login in logins]
            share = count * len(logins) // channels
            lines = list(islice(generated(rooms, time.time_ns() // 1_000_000, seed=seed), share)) if rooms else []
            rendered += len(lines)
            starts = range(0, len(lines), BLOCK_LINES)
            self._blocks[writer] = [b"".join(line + b"\r\n" for line in lines[at : at + BLOCK_LINES]) for at in starts]
        return rendered

    async def send(self) -> None:
        """Send the prepared messages on all connections concurrently."""
        await asyncio.gather(*(self._send(writer, blocks) for writer, blocks in self._blocks.items()))

    async def _send(self, writer: asyncio.StreamWriter, blocks: list[bytes]) -> None:
        for block in blocks:
            writer.write(block)
            await writer.drain()

    def _answer(self, writer: asyncio.StreamWriter, line: str) -> str:
        command, _, rest = line.partition(" ")
        match command.upper():
            case "CAP" if rest.upper().startswith("REQ"):
                return f":{HOST} CAP * ACK {rest[4:]}\r\n"
            case "NICK":
                self._nicks[writer] = rest
                return "".join(f":{HOST} {number} {rest} :-\r\n" for number in ("001", "002", "003", "004", "376"))
            case "PING":
                return f":{HOST} PONG {HOST} {rest}\r\n"
            case "JOIN":
                return "".join(self._join(writer, name.removeprefix("#")) for name in rest.split(","))
        return ""

    def _join(self, writer: asyncio.StreamWriter, login: str) -> str:
        self._joined[writer].append(login)
        nick = self._nicks[writer]
        tags = f"@emote-only=0;followers-only=-1;r9k=0;room-id={self._ids[login]};slow=0;subs-only=0"
        return (
            f":{nick}!{nick}@{nick}.{HOST} JOIN #{login}\r\n:{nick}.{HOST} 353 {nick} = #{login} :{nick}\r\n"
            f":{nick}.{HOST} 366 {nick} #{login} :End of /NAMES list\r\n{tags} :{HOST} ROOMSTATE #{login}\r\n"
        )


async def main(ids: dict[str, str]) -> None:
    """Serve until the standard input ends."""
    source = Source(ids)
    server = await asyncio.start_server(source.serve, "127.0.0.1", 0)
    reply(f"listening {server.sockets[0].getsockname()[1]}")
    while words := (await asyncio.to_thread(sys.stdin.readline)).split():
        if words[0] == "render":
            reply(f"rendered {source.render(int(words[1]))}")
        else:
            await source.send()
            reply("sent")


def reply(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    channels = json.loads(Path(sys.argv[1]).read_text())
    uvloop.run(main({login: channel_id for channel_id, login in channels}))
