"""What a domain tells its people: its own events, and what happened to what it reads.

A domain writes to its own journal and below its own part of the registry only. So the owner of a
product and the owners of its readers in the same domain are told by the product's domain; owners
elsewhere are told by their own, which reads the news of the domains that it depends on.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta

from mesh_dagster import clock
from mesh_dagster.alerts.channels import Channels
from mesh_dagster.alerts.drain import Sent, drain
from mesh_dagster.errors import MeshError
from mesh_dagster.journal import Journal
from mesh_dagster.model.address import Address
from mesh_dagster.model.domain import Domain
from mesh_dagster.model.event import Event
from mesh_dagster.model.message import Recipient
from mesh_dagster.model.ownership import owners
from mesh_dagster.products.keeping.overdue import overdue
from mesh_dagster.products.keeping.pruning import KEPT, prune
from mesh_dagster.products.keeping.sunsets import sunsets
from mesh_dagster.products.mesh import Mesh
from mesh_dagster.registry.news import MOST, read_news, write_news

OUTBOX = "outbox"
"""The sign of life of a domain's outbox: it was emptied."""

EVERY = 30.0
"""Seconds between two emptyings, unless something keeps them apart."""

_NEWS_LAST = timedelta(days=14)
_FIRST_NEWS = timedelta(days=1)


@dataclass
class Round:
    """What one round of a domain came to; `problems` are what it could not do."""

    heard: int = 0
    sent: Sent = field(default_factory=Sent)
    problems: list[str] = field(default_factory=list)


def tell(mesh: Mesh, domain: Domain, *, seconds: float = 40, every: float = EVERY) -> Round:
    """Hear what happened upstream, tell the mesh what happened here, and send what is due.

    A registry that refuses keeps nobody from sending; it is among the problems, and in the sign
    of life that this leaves. Raises `JournalError`.
    """
    done = Round()
    with mesh.journal(domain.name) as journal:
        done.heard = len(journal.outbox.put(_heard(mesh, domain, journal, done.problems)))
        channels = Channels(mesh.config, domain)
        patience = timedelta(seconds=channels.patience.overdue)
        journal.outbox.put(overdue(mesh, domain, journal, patience))
        journal.outbox.put(sunsets(mesh, domain, journal))
        done.problems += publish_news(mesh, domain, journal)
        journal.outbox.route(_Routing(mesh, domain, channels))
        done.sent = drain(journal.outbox, channels, seconds=seconds)
        prune(mesh, domain, journal)
        journal.outbox.beat(OUTBOX, every, "; ".join(done.problems) or None)
    return done


def publish_news(mesh: Mesh, domain: Domain, journal: Journal) -> list[str]:
    """Tell the mesh what happened to a domain's products; what kept it from that."""
    found = journal.outbox.news(domain.name, clock.wall() - _NEWS_LAST, MOST)
    going = {each.id for each in journal.outbox.going()}
    try:
        left_out = write_news(mesh.documents, domain.name, found, going)
    except MeshError as error:
        return [f"the news could not be written: {error.what}"]
    return [f"{left_out} older news have no room any more"] if left_out else []


class _Routing:
    """Who is told of an event: owners of the product, and of those here that read it."""

    def __init__(self, mesh: Mesh, domain: Domain, channels: Channels) -> None:
        self._mesh, self._domain, self._channels = mesh, domain, channels
        self._addresses: dict[str, tuple[str, ...]] = {}

    def __call__(self, event: Event) -> Iterator[Recipient]:
        paths = set(event.affects)
        if not paths:
            paths = {event.subject}
            if event.concerns_readers:
                paths |= set(readers_here(self._mesh, self._domain, event.subject))
        found = {each for path in paths for each in self._of(path)}
        # Somebody hears of it, whatever the files say by now.
        yield from found or {Recipient("log", self._domain.name)}

    def _of(self, path: str) -> Iterator[Recipient]:
        for name in self._channels.owners:
            if not self._channels.is_personal(name):
                yield Recipient(name, self._domain.name)
                continue
            for address in self._mails(path):
                yield Recipient(name, address)

    def _mails(self, path: str) -> tuple[str, ...]:
        if path not in self._addresses:
            known = [self._domain.contact or ""]
            with suppress(MeshError):
                loaded = self._mesh.load(Address.parse(path))
                known += [each.username for each in owners(loaded, clock.now().date())]
            self._addresses[path] = tuple(sorted({each for each in known if "@" in each}))
        return self._addresses[path]


def readers_here(mesh: Mesh, domain: Domain, path: str) -> list[str]:
    """The products of a domain that declare an input port on a product, by path."""
    asked = Address.parse(path)
    return sorted(
        product.address.path
        for product in mesh.own(domain.name)
        if product.address != asked and product.reads(asked)
    )


def _heard(mesh: Mesh, domain: Domain, journal: Journal, problems: list[str]) -> list[Event]:
    """The news of other domains that concern products of this one and are not known yet."""
    upstream = {each.domain for product in mesh.own(domain.name) for each in product.upstreams}
    found: list[Event] = []
    for name in sorted(upstream - {domain.name}):
        try:
            news = read_news(mesh.documents, name)
        except MeshError as error:
            problems.append(f"the news of {name} could not be read: {error.what}")
            continue
        # What the journal may have let go of since is no news a second time.
        news = [each for each in news if each.at >= clock.now() - KEPT]
        affected = {path: readers_here(mesh, domain, path) for path in {e.subject for e in news}}
        news = _not_known(name, [each for each in news if affected[each.subject]], journal)
        news = _no_old_stories(news, affected, journal)
        found += (_ours(name, each, affected[each.subject]) for each in news)
    if found and journal.outbox.heartbeat(OUTBOX) is None:
        # For a domain that listens for the first time old stories are none of its news.
        found = [each for each in found if each.at >= clock.now() - _FIRST_NEWS]
    return found


def _not_known(teller: str, news: list[Event], journal: Journal) -> list[Event]:
    """Those that a domain tells and that were not heard of it yet."""
    known = journal.outbox.subjects(
        [key for each in news for key in (_key(teller, each), _key_before(each))]
    )
    return [
        each
        for each in news
        if _key(teller, each) not in known and known.get(_key_before(each)) != each.subject
    ]


def _no_old_stories(
    news: list[Event], affected: Mapping[str, list[str]], journal: Journal
) -> list[Event]:
    """What happened to a product before anything here read it is none of its readers' news."""
    recent = clock.now() - _FIRST_NEWS
    old = {each.subject for each in news if each.at < recent}
    if not old:
        return news
    readers = sorted({path for subject in old for path in affected[subject]})
    since = journal.outbox.heard_since(sorted(old), readers)
    return [each for each in news if each.at >= min(recent, since.get(each.subject, recent))]


def _key(teller: str, event: Event) -> str:
    """What is heard is known by who told it: no domain can take another's words from its mouth."""
    return f"upstream:{teller}:{event.key}"


def _key_before(event: Event) -> str:
    """The same in a journal of an earlier release, by which anybody's event could be meant."""
    return f"upstream:{event.key}"


def _ours(teller: str, event: Event, affected: list[str]) -> Event:
    return replace(
        event,
        key=_key(teller, event),
        summary=f"upstream {event.summary}",
        incident=None,
        affects=tuple(affected),
    )
