"""Emptying an outbox: claim, send, record; again until nothing is due or the time is over."""

from __future__ import annotations

from dataclasses import dataclass, field
from time import monotonic

from mesh_dagster import clock
from mesh_dagster.alerts.channels import Channels
from mesh_dagster.alerts.compose import messages_due
from mesh_dagster.alerts.retry import next_try
from mesh_dagster.alerts.send import AT_ONCE, Result, Senders
from mesh_dagster.alerts.text import message_from
from mesh_dagster.errors import first_line
from mesh_dagster.journal.letters import Claim
from mesh_dagster.journal.outbox import Outbox
from mesh_dagster.journal.sending import Ended
from mesh_dagster.model.notification import Patience

MOST_CLAIMED = 8 * AT_ONCE
LONGEST_ERROR = 500
_SPARE = 30.0


@dataclass
class Sent:
    """What one emptying came to: messages, not events."""

    delivered: int = 0
    dead: int = 0
    again: set[str] = field(default_factory=set)
    """The ids of those that failed and will be tried again."""

    @property
    def failed(self) -> int:
        return len(self.again)

    def __str__(self) -> str:
        return f"{self.delivered} delivered, {self.failed} to be tried again, {self.dead} given up"


def drain(outbox: Outbox, channels: Channels, *, seconds: float = 40) -> Sent:
    """Send what is due. It ends after so many seconds and the try that was going on then.

    Raises `JournalError`; what channels raise is recorded with the message.
    """
    patience = channels.patience
    sent, until = Sent(), monotonic() + seconds

    def deliver(claim: Claim) -> None:
        channels.open(claim.recipient.channel).deliver(message_from(claim))

    senders = Senders(deliver, channels.longest_try, until)
    while monotonic() < until:
        claims = outbox.claim(
            lambda pending: messages_due(pending, patience, clock.wall()),
            lease=seconds + channels.longest_of_all + _SPARE,
            limit=MOST_CLAIMED,
            without=senders.unanswering,
        )
        if not claims:
            break
        for some in senders.results(claims):
            outbox.end([_ended(each, channels, patience, sent) for each in some])
        outbox.hand_back([each.id for each in senders.left])
        senders.left.clear()
    return sent


def _ended(result: Result, channels: Channels, patience: Patience, sent: Sent) -> Ended:
    claim, error = result
    sent.again.discard(claim.id)
    if error is None:
        sent.delivered += 1
        return Ended(claim.id, claim.tries)
    again = next_try(error, claim.tries, claim.composed, clock.wall(), patience)
    if again is None:
        sent.dead += 1
    else:
        sent.again.add(claim.id)
    said = f"{type(error).__name__}: {first_line(error)}"
    told = channels.without_secrets(claim.recipient.channel, said)[:LONGEST_ERROR]
    return Ended(claim.id, claim.tries, told, again)
