"""An HTTP endpoint that fails, hangs and comes back, as its test says."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

OK, HANG, DROP, LOSE = 200, -1, -2, -3
"""Answers: a code; silence; a broken connection; accepted, and the answer lost."""


class Hook(ThreadingHTTPServer):
    """Listens on a free port. `answer` tells of each request, by its number, what becomes of it.

    `accepted` are the bodies of the requests that it took, in order.
    """

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, answer: Callable[[int], int] = lambda _: OK) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answer = answer
        self.accepted: list[dict[str, Any]] = []
        self.keys: list[str] = []
        self.requests: list[dict[str, str]] = []
        self.headers: dict[str, str] = {}
        self.says = ""
        self.lock = threading.Lock()
        self.over = threading.Event()
        self._thread = threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/T0/B0/secret"

    def alerts(self) -> list[dict[str, Any]]:
        """Every alert that was accepted, in order of its first acceptance."""
        found: dict[str, dict[str, Any]] = {}
        for body in self.accepted:
            for alert in body["alerts"]:
                found.setdefault(alert["id"], alert)
        return list(found.values())

    def close(self) -> None:
        self.over.set()
        self.shutdown()
        self.server_close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that was killed is no error of the server."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Hook

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        hook = self.server
        with hook.lock:
            number = len(hook.requests)
            hook.requests.append(dict(self.headers))
            answer = hook.answer(number)
            if answer in (OK, LOSE):
                hook.accepted.append(json.loads(body))
                hook.keys.append(self.headers["Idempotency-Key"])
        if answer == HANG:
            hook.over.wait(300)
        elif answer in (DROP, LOSE):
            with suppress(OSError):
                self.connection.close()
            self.close_connection = True
        else:
            self.send_response(answer)
            for name, value in hook.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(hook.says)))
            self.send_header("Connection", "close")
            self.end_headers()
            self.wfile.write(hook.says.encode())

    def log_message(self, *_: object) -> None:
        """Nobody reads it."""
