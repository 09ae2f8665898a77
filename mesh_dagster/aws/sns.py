"""The channel `sns`: a topic of Amazon SNS, whose subscribers AWS tells.

A FIFO topic keeps the order of a product and drops what was accepted twice by itself. Credentials
and region are those of the standard AWS environment.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cached_property
from threading import Lock
from typing import Any, ClassVar

from mesh_dagster.alerts.notifier import NoAnswer, NotNow, Refused
from mesh_dagster.errors import MissingExtra
from mesh_dagster.model.message import Message, Setting

_NEVER = ("InvalidParameter", "InvalidParameterValue", "ValidationException", "KMSDisabled")
LARGEST = 255 * 1024
"""SNS takes 256 KiB with the attributes."""
LONGEST_SUBJECT = 100


class SnsNotifier:
    """Publishes to one topic, with the message's id as the attribute `idempotency_key`."""

    SETTINGS: ClassVar[Mapping[str, Setting]] = {
        "topic": Setting("the ARN of the topic", required=True),
        "region": Setting("the region, where it is not that of the topic"),
    }
    PERSONAL: ClassVar[bool] = False

    def __init__(self, *, topic: str, region: str | None = None) -> None:
        parts = topic.split(":")
        if len(parts) != 6 or parts[2] != "sns":
            raise Refused(f"{topic!r} is not the ARN of an SNS topic")
        self._topic, self._region = topic, region or parts[3]
        self._making = Lock()

    def deliver(self, message: Message) -> None:
        try:
            from botocore.exceptions import (
                BotoCoreError,
                ClientError,
                ConnectTimeoutError,
                ReadTimeoutError,
            )
        except ModuleNotFoundError as error:
            raise MissingExtra("the channel `sns`", "aws") from error
        attributes = {"idempotency_key": message.id, "kind": message.events[0].kind.value}
        request: dict[str, Any] = {
            "TopicArn": self._topic,
            "Subject": _subject(message.subject),
            "Message": message.text.encode()[:LARGEST].decode(errors="ignore"),
            "MessageAttributes": {
                name: {"DataType": "String", "StringValue": value}
                for name, value in attributes.items()
            },
        }
        if self._topic.endswith(".fifo"):
            line = f"{message.recipient.to} {message.events[0].root}"
            request["MessageGroupId"] = hashlib.sha256(line.encode()).hexdigest()
            request["MessageDeduplicationId"] = message.id
        try:
            self._client.publish(**request)
        except ClientError as error:
            said = error.response.get("Error", {})
            text = f"{said.get('Code')}: {said.get('Message')}"
            raise (Refused if said.get("Code") in _NEVER else NotNow)(text) from None
        except (ConnectTimeoutError, ReadTimeoutError) as error:
            raise NoAnswer(str(error)) from None
        except BotoCoreError as error:
            raise NotNow(str(error)) from None

    @cached_property
    def _client(self) -> Any:
        import boto3
        from botocore.config import Config

        # The outbox tries again by itself, with the same key.
        config = Config(retries={"total_max_attempts": 1}, connect_timeout=5, read_timeout=10)
        with self._making:
            # A session of boto3 is not made for several threads; the client is.
            return boto3.Session().client("sns", region_name=self._region, config=config)


def _subject(text: str) -> str:
    """SNS takes printable ASCII that begins with a letter, a digit or a punctuation mark."""
    plain = " ".join(text.encode("ascii", "replace").decode().split())
    return (plain or "mesh")[:LONGEST_SUBJECT]
