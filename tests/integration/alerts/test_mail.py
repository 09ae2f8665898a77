"""Owners are written to, each by himself, by a server that may say no or not now."""

from __future__ import annotations

import socket
import time
from email import message_from_bytes, policy

import pytest
import yaml
from aiosmtpd.controller import Controller


class Box:
    """Keeps the mails that it takes; `refuse` is what it says instead, by recipient."""

    def __init__(self):
        self.mails = []
        self.refuse = {}

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802
        if address in self.refuse:
            return self.refuse[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        mail = message_from_bytes(envelope.content, policy=policy.default)
        self.mails.append((envelope.rcpt_tos, mail))
        return "250 OK"


@pytest.fixture
def box(world):
    handler = Box()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    controller = Controller(handler, hostname="127.0.0.1", port=port)
    controller.start()
    channel = {
        "type": "smtp",
        "host": "127.0.0.1",
        "port": port,
        "from": "mesh@x.example",
        "tls": "none",
    }
    world.hooked(channels={"mail": channel}, owners=["mail"])
    handler.controller = controller
    yield handler
    if controller._thread is not None:
        controller.stop()


def test_the_contact_of_the_domain_and_the_owners_of_the_product_get_a_mail_each(world, box, event):
    file = next(world.root.glob("domains/shop/**/product.odps.yaml"))
    stated = yaml.safe_load(file.read_text())
    members = [
        {"username": "anna@x.example", "role": "owner"},
        {"username": "ben@x.example", "role": "developer"},
    ]
    stated["team"] = {"name": "shop", "members": members}
    file.write_text(yaml.safe_dump(stated))
    world.put(event("late ü"))
    assert world.tell().sent.delivered == 2
    assert sorted(to for tos, _ in box.mails for to in tos) == ["anna@x.example", "shop@x.example"]
    _, mail = box.mails[0]
    assert mail["Subject"] == "shop/sales/v1: late ü"
    assert mail["From"] == "mesh@x.example"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert "shop/sales/v1: late ü" in mail.get_content()


def test_a_mail_is_tried_again_under_the_same_message_id(world, box, event):
    box.refuse["shop@x.example"] = "451 try again later"
    world.put(event("a"))
    assert world.tell().sent.failed >= 1
    (alert,) = world.alerts()
    assert "SMTP 451" in alert.told[0].error
    box.refuse.clear()
    time.sleep(0.06)
    assert world.tell().sent.delivered == 1
    ((_, mail),) = box.mails
    assert mail["Message-ID"] == f"<{alert.told[0].message}@mesh-dagster>"


def test_a_recipient_that_does_not_exist_is_a_dead_letter(world, box, event):
    box.refuse["shop@x.example"] = "550 nobody of that name"
    world.put(event("a"))
    assert world.tell().sent.dead == 1
    (alert,) = world.alerts(dead=True)
    assert "SMTP 550" in alert.told[0].error


def test_a_server_that_is_away_gets_the_mail_when_it_is_back(world, box, event):
    port = box.controller.server.sockets[0].getsockname()[1]
    box.controller.stop()
    world.put(event("a"))
    assert world.tell().sent.failed >= 1
    again = Controller(box, hostname="127.0.0.1", port=port)
    again.start()
    time.sleep(0.06)
    try:
        assert world.tell().sent.delivered == 1
    finally:
        again.stop()
    assert len(box.mails) == 1


def test_a_server_that_says_nothing_is_left_alone_after_a_few_mails(world, event):
    with socket.create_server(("127.0.0.1", 0), backlog=64) as silent:
        channel = {
            "type": "smtp",
            "host": "127.0.0.1",
            "port": silent.getsockname()[1],
            "from": "mesh@x.example",
            "tls": "none",
            "timeout": 0.2,
        }
        world.hooked(channels={"mail": channel}, owners=["mail"])
        world.put(*(event(f"{n}", f"shop/p{n}/v1") for n in range(40)))
        world.tell()
    errors = [told.error for each in world.alerts() for told in each.told if told.error]
    assert 3 <= len(errors) < 40
    assert all(each.startswith("NoAnswer: the mail server cannot be used") for each in errors)


def test_no_text_of_others_adds_a_header(world, box, event):
    world.put(event("a", summary="shop/sales/v1: late\r\nBcc: everybody@x.example"))
    world.tell()
    ((to, mail),) = box.mails
    assert to == ["shop@x.example"]
    assert mail["Bcc"] is None
