"""A backend of OpenLineage that fails, hangs and comes back, as its test says."""

from __future__ import annotations

import gzip
import json
import threading
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

TAKEN, HANG, DROP, LOSE = 201, -1, -2, -3
"""Answers: a code; silence; a broken connection; taken, and the answer lost."""


class Backend(ThreadingHTTPServer):
    """Listens on a free port. `answer` tells what becomes of a request, by its number and body.

    `taken` are the bodies that it took, in order.
    """

    daemon_threads = True
    request_queue_size = 128

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answer: Callable[[int, dict[str, Any]], int] = lambda number, event: TAKEN
        self.headers: dict[str, str] = {}
        self.taken: list[bytes] = []
        self.requests: list[dict[str, str]] = []
        self.connections = 0
        self.lock = threading.Lock()
        self.over = threading.Event()
        self._thread = threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/api/v1/lineage"

    @property
    def events(self) -> list[dict[str, Any]]:
        """Every event that was taken, in the order of its first arrival."""
        return [json.loads(body) for body in dict.fromkeys(self.taken)]

    @property
    def states(self) -> dict[str, list[str]]:
        """Of each run its states, in the order of arrival."""
        found: dict[str, list[str]] = defaultdict(list)
        for event in self.events:
            found[event["run"]["runId"]].append(event["eventType"])
        return dict(found)

    def close(self) -> None:
        self.over.set()
        self.shutdown()
        self.server_close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that was killed is no error of the server."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Backend

    def setup(self) -> None:
        super().setup()
        with self.server.lock:
            self.server.connections += 1

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers["Content-Encoding"] == "gzip":
            body = gzip.decompress(body)
        backend = self.server
        with backend.lock:
            number = len(backend.requests)
            backend.requests.append(dict(self.headers))
            answer = backend.answer(number, json.loads(body))
            if answer in (200, TAKEN, LOSE):
                backend.taken.append(body)
        if answer == HANG:
            backend.over.wait(300)
            self.close_connection = True
        elif answer in (DROP, LOSE):
            with suppress(OSError):
                self.connection.close()
            self.close_connection = True
        else:
            told = {"why": "because", "of": self.path}
            said = json.dumps(told).encode()
            self.send_response(answer)
            for name, value in backend.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

    def log_message(self, *_: object) -> None:
        """Nobody reads it."""
