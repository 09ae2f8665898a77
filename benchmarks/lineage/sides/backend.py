"""A backend that takes run events as fast as Python can: backend.py PORT_FILE [SECONDS_OF_OUTAGE]

It answers 201, or for so many seconds after the first request 503, and keeps of each event its
run, its state and a checksum. `GET /` tells what came; `DELETE /` forgets it.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
import time
import zlib
from pathlib import Path

_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
_RUN = re.compile(rb'"runId": ?"([0-9a-f-]{36})"')
_STATE = re.compile(rb'"eventType": ?"([A-Z]+)"')
_TAKEN = b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n"
_AWAY = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"
_taken: dict[tuple[bytes, bytes], set[int]] = {}
_order: dict[bytes, list[bytes]] = {}
_counts = {"requests": 0, "taken": 0}
_first: list[float] = []
_outage = float(sys.argv[2]) if len(sys.argv) > 2 else 0.0


class Connection(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport, self.buffer = transport, b""

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while True:
            end = self.buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            found = _LENGTH.search(self.buffer, 0, end)
            size = int(found[1]) if found else 0
            if len(self.buffer) < end + 4 + size:
                return
            head, body = self.buffer[:end], self.buffer[end + 4 : end + 4 + size]
            self.buffer = self.buffer[end + 4 + size :]
            self.transport.write(answer(head, body))


def answer(head: bytes, body: bytes) -> bytes:
    if head.startswith(b"GET"):
        return _told()
    if head.startswith(b"DELETE"):
        _taken.clear(), _order.clear(), _counts.update(requests=0, taken=0)
        return _TAKEN
    _counts["requests"] += 1
    _first or _first.append(time.monotonic())
    if time.monotonic() - _first[0] < _outage:
        return _AWAY
    _counts["taken"] += 1
    run, state = _RUN.search(body)[1], _STATE.search(body)[1]
    known = _taken.get((run, state))
    if known is None:
        _taken[run, state] = {zlib.crc32(body)}
        _order.setdefault(run, []).append(state)
    else:
        known.add(zlib.crc32(body))
    return _TAKEN


def _told() -> bytes:
    told = {
        **_counts,
        "events": len(_taken),
        "runs": len(_order),
        "in order": sum(each == [b"START", b"COMPLETE"] for each in _order.values()),
        "different": sum(len(each) > 1 for each in _taken.values()),
    }
    body = json.dumps(told).encode()
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)


async def main() -> None:
    server = await asyncio.get_running_loop().create_server(Connection, "127.0.0.1", 0)
    Path(sys.argv[1]).write_text(str(server.sockets[0].getsockname()[1]))
    await server.serve_forever()


asyncio.run(main())
