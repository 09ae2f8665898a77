"""The channel `smtp`: an e-mail to each owner by himself."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Mapping
from contextlib import suppress
from email.message import EmailMessage
from email.utils import format_datetime
from typing import ClassVar

from mesh_dagster import clock
from mesh_dagster.alerts.notifier import NoAnswer, NotNow, Refused
from mesh_dagster.model.message import Message, Setting


class SmtpNotifier:
    """Hands mails to one server. Its `Message-ID` is the message's id, the same at every try."""

    SETTINGS: ClassVar[Mapping[str, Setting]] = {
        "host": Setting("the server", required=True),
        "port": Setting("its port", kind="number"),
        "from": Setting("whom the mails come from", required=True),
        "tls": Setting(
            "how the connection is kept secret", among=("starttls", "immediate", "none")
        ),
        "user": Setting("whom the server knows"),
        "password": Setting("his password", secret=True),
        "timeout": Setting("seconds that the server may be silent", kind="number"),
    }
    PERSONAL: ClassVar[bool] = True

    def __init__(
        self,
        *,
        host: str,
        port: int | None = None,
        tls: str = "starttls",
        user: str | None = None,
        password: str | None = None,
        timeout: float = 10,
        **rest: str,
    ) -> None:
        self._host, self._tls, self._timeout = host, tls, timeout
        self._port = int(port or {"starttls": 587, "immediate": 465, "none": 25}[tls])
        self._user, self._password = user, password
        self._from = rest["from"]

    def deliver(self, message: Message) -> None:
        mail = self._mail(message)
        try:
            server = self._connected()
        except (OSError, smtplib.SMTPException) as error:
            raise _later(error, "cannot be used") from None
        try:
            server.send_message(mail)
        except smtplib.SMTPRecipientsRefused as error:
            raise _meaning(*next(iter(error.recipients.values()))) from None
        except smtplib.SMTPResponseException as error:
            raise _meaning(error.smtp_code, error.smtp_error) from None
        except (OSError, smtplib.SMTPException) as error:
            raise _later(error, "broke off") from None
        finally:
            # The mail was accepted or refused by now; how the goodbye goes is all the same.
            with suppress(OSError, smtplib.SMTPException):
                server.quit()

    def _connected(self) -> smtplib.SMTP:
        if self._tls == "immediate":
            secure = ssl.create_default_context()
            server: smtplib.SMTP = smtplib.SMTP_SSL(
                self._host, self._port, timeout=self._timeout, context=secure
            )
        else:
            server = smtplib.SMTP(self._host, self._port, timeout=self._timeout)
        try:
            if self._tls == "starttls":
                server.starttls(context=ssl.create_default_context())
            if self._user:
                server.login(self._user, self._password or "")
        except BaseException:
            server.close()
            raise
        return server

    def _mail(self, message: Message) -> EmailMessage:
        mail = EmailMessage()
        mail["From"] = self._from
        mail["To"] = message.recipient.to
        mail["Subject"] = " ".join(message.subject.split())
        mail["Date"] = format_datetime(clock.wall())
        mail["Message-ID"] = f"<{message.id}@mesh-dagster>"
        mail["Auto-Submitted"] = "auto-generated"
        mail.set_content(message.text)
        return mail


def _later(error: Exception, what: str) -> NotNow:
    # smtplib says of a server that is silent that it has closed the connection.
    silent = any(isinstance(each, TimeoutError) for each in (error, error.__context__))
    return (NoAnswer if silent else NotNow)(f"the mail server {what}: {error}")


def _meaning(code: int, said: bytes | str) -> Exception:
    text = said.decode(errors="replace") if isinstance(said, bytes) else said
    return (Refused if 500 <= code < 600 else NotNow)(f"SMTP {code} {text}")
