"""The channel `webhook`: a POST, in JSON as it is or as Slack and Teams take it.

Every try carries the message's id as `Idempotency-Key`, so that a server that accepted a message
whose answer was lost can tell the second from a new one. A redirect is no delivery and is not
followed: it would turn the POST into a GET.
"""

from __future__ import annotations

import http.client
import json
import ssl
import urllib.error
import urllib.request
from collections.abc import Mapping
from contextlib import suppress
from email.utils import parsedate_to_datetime
from typing import Any, ClassVar

from mesh_dagster import clock
from mesh_dagster.alerts.notifier import NoAnswer, NotNow, Refused
from mesh_dagster.alerts.payloads import PAYLOADS
from mesh_dagster.model.message import Message, Setting

LATER = (408, 425, 429)
"""Answers of the 400s that mean another time; any other means no."""

_ENOUGH = 500


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


class WebhookNotifier:
    """Posts to one URL. Whoever knows the URL of a webhook can post: it is a secret."""

    SETTINGS: ClassVar[Mapping[str, Setting]] = {
        "url": Setting("where to post", required=True, secret=True),
        "format": Setting("what the other side reads", among=tuple(PAYLOADS)),
        "token": Setting("sent as `Authorization: Bearer`", secret=True),
        "timeout": Setting("seconds that the other side may be silent", kind="number"),
    }
    PERSONAL: ClassVar[bool] = False

    def __init__(
        self, *, url: str, format: str = "json", token: str | None = None, timeout: float = 10
    ) -> None:
        if not url.lower().startswith(("http://", "https://")):
            raise Refused("the URL of the webhook begins with neither http:// nor https://")
        self._url, self._token, self._timeout = url, token, timeout
        self._payload = PAYLOADS[format]
        https = urllib.request.HTTPSHandler(context=ssl.create_default_context())
        self._opener = urllib.request.build_opener(_NoRedirect, https)

    def deliver(self, message: Message) -> None:
        request = urllib.request.Request(  # noqa: S310 (the scheme was looked at)
            self._url,
            json.dumps(self._payload(message), ensure_ascii=False).encode(),
            {
                "Content-Type": "application/json; charset=utf-8",
                "Idempotency-Key": message.id,
                "User-Agent": "mesh-dagster",
                **({"Authorization": f"Bearer {self._token}"} if self._token else {}),
            },
        )
        try:
            with self._opener.open(request, timeout=self._timeout) as answer:
                answer.read(_ENOUGH)
        except urllib.error.HTTPError as error:
            with error:
                raise _meaning(error) from None
        except urllib.error.URLError as error:
            silent = isinstance(error.reason, TimeoutError)
            raise (NoAnswer if silent else NotNow)(f"no answer: {error.reason}") from None
        except TimeoutError as error:
            raise NoAnswer(f"no answer: {error}") from None
        except (http.client.InvalidURL, ValueError) as error:
            raise NotNow(f"the URL or the token cannot be sent: {error}") from None
        except http.client.HTTPException as error:
            raise NotNow(f"no answer that is HTTP: {error!r}") from None


def _meaning(error: urllib.error.HTTPError) -> Exception:
    said = b""
    with suppress(OSError):
        said = error.read(_ENOUGH)
    text = f"HTTP {error.code} {error.reason} {said.decode(errors='replace')}".strip()
    if error.code >= 500 or error.code in LATER:
        return NotNow(text, _seconds(error.headers.get("Retry-After")))
    return Refused(text)


def _seconds(stated: str | None) -> float | None:
    """`Retry-After`: seconds, or a date."""
    if not stated:
        return None
    if stated.strip().isdecimal():
        return float(stated)
    with suppress(ValueError, OverflowError):
        return (clock.in_utc(parsedate_to_datetime(stated)) - clock.wall()).total_seconds()
    return None
