"""The sink `http`: a POST an event, as backends of OpenLineage take it.

Connections are kept open, one a thread. What an answer means for the event, and what for all:

- 2xx: taken. 400, 413, 415, 422 and other 4xx: this event is refused, for good.
- 5xx, 408, 425, 429 and no answer: another time; `Retry-After` says when.
- 401, 403, 404, 405, 407 and 3xx: not about the event but about who sends it where. Nothing is
  thrown away for an expired password: all events wait until that is mended.
"""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
from collections.abc import Mapping
from contextlib import suppress
from email.utils import parsedate_to_datetime
from typing import ClassVar
from urllib.parse import urlsplit

from mesh_dagster import clock
from mesh_dagster.errors import UsageError
from mesh_dagster.journal.deliveries import Outgoing
from mesh_dagster.lineage.sink import NotNow, Refused
from mesh_dagster.model.message import Setting

_LATER = frozenset({408, 421, 425, 429})
_OF_ALL = frozenset({401, 403, 404, 405, 407})
_ENOUGH = 500
_BROKEN = (http.client.HTTPException, OSError)


class HttpSink:
    """Posts to one URL."""

    SETTINGS: ClassVar[Mapping[str, Setting]] = {
        "url": Setting("where to post, as http://marquez:5000/api/v1/lineage", required=True),
        "token": Setting("sent as `Authorization: Bearer`", secret=True),
        "compression": Setting("how bodies are packed", among=("none", "gzip")),
        "timeout": Setting("seconds that the other side may be silent", kind="number"),
    }
    AT_ONCE: ClassVar[int] = 8

    def __init__(
        self,
        *,
        url: str,
        token: str | None = None,
        compression: str = "none",
        timeout: float = 10,
    ) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username:
            raise UsageError(
                "the URL of an `http` sink is http://… or https://…, with a host and without a "
                "password",
                fix="url: https://marquez.example.org/api/v1/lineage",
            )
        if token is not None and not (token.isascii() and token.isprintable()):
            raise UsageError("the token of an `http` sink has a character that no header may have")
        self._host, self._port, self._secure = parts.hostname, parts.port, parts.scheme == "https"
        self._path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        self._timeout, self._packed = timeout, compression == "gzip"
        self._context = ssl.create_default_context() if self._secure else None
        self._headers = {
            "Content-Type": "application/json",
            "User-Agent": "mesh-dagster",
            **({"Authorization": f"Bearer {token}"} if token else {}),
            **({"Content-Encoding": "gzip"} if self._packed else {}),
        }
        self._mine = threading.local()
        self._all: list[http.client.HTTPConnection] = []

    def deliver(self, event: Outgoing) -> None:
        body = event.packed if self._packed else event.body
        headers = {**self._headers, "Idempotency-Key": event.key}
        known = getattr(self._mine, "connection", None) is not None
        try:
            status, reason, after, said = self._ask(body, headers)
        except TimeoutError:
            self._drop()
            raise NotNow(f"no answer in {self._timeout:g} seconds") from None
        except _BROKEN as error:
            self._drop()
            if not known:
                raise NotNow(f"no answer: {error or type(error).__name__}") from None
            # The other side may close a connection that was idle. That is no answer yet.
            self.deliver(event)
            return
        if not 200 <= status < 300:
            raise _meaning(status, f"HTTP {status} {reason} {said}".strip(), after)

    def settle(self) -> None:
        """What was answered is delivered."""

    def close(self) -> None:
        for each in self._all:
            # A thread may still wait for an answer there.
            with suppress(OSError):
                if each.sock is not None:
                    each.sock.shutdown(socket.SHUT_RDWR)
            each.close()
        self._all.clear()

    def _ask(self, body: bytes, headers: Mapping[str, str]) -> tuple[int, str, str | None, str]:
        connection = self._connection()
        connection.request("POST", self._path, body, dict(headers))
        answer = connection.getresponse()
        said = answer.read(_ENOUGH)
        told = (answer.status, answer.reason, answer.getheader("Retry-After"))
        if not answer.isclosed():
            self._drop()  # reading the rest to its end may take as long as it likes
        return *told, "" if answer.status < 300 else said.decode(errors="replace")

    def _connection(self) -> http.client.HTTPConnection:
        found: http.client.HTTPConnection | None = getattr(self._mine, "connection", None)
        if found is None:
            if self._secure:
                found = http.client.HTTPSConnection(
                    self._host, self._port, timeout=self._timeout, context=self._context
                )
            else:
                found = http.client.HTTPConnection(self._host, self._port, timeout=self._timeout)
            found.connect()
            found.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._mine.connection = found
            self._all.append(found)
        return found

    def _drop(self) -> None:
        found: http.client.HTTPConnection | None = getattr(self._mine, "connection", None)
        if found is not None:
            self._mine.connection = None
            found.close()
            with suppress(ValueError):
                self._all.remove(found)


def _meaning(status: int, said: str, after: str | None) -> Exception:
    if status >= 500 or status in _LATER:
        return NotNow(said, _seconds(after), of_all=status == 429 or after is not None)
    if status < 400 or status in _OF_ALL:
        return NotNow(said, of_all=True)
    return Refused(said)


def _seconds(stated: str | None) -> float | None:
    """`Retry-After`: seconds, or a date."""
    if not stated:
        return None
    if stated.strip().isdecimal():
        return float(stated)
    with suppress(ValueError, OverflowError):
        return (clock.in_utc(parsedate_to_datetime(stated)) - clock.wall()).total_seconds()
    return None
