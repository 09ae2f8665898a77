"""`mesh review`: what waits for its owner, and what he decides about it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from mesh_dagster.cli.apart import Apart
from mesh_dagster.cli.moment import MOMENT
from mesh_dagster.cli.output import as_json, emit, emit_json, emit_styled, moment, say
from mesh_dagster.cli.table import Column, render
from mesh_dagster.cli.target import ADDRESS, open_mesh
from mesh_dagster.errors import EvaluationError, MeshError, UsageError
from mesh_dagster.model.address import Address
from mesh_dagster.model.review import Action, Review, Ruling

if TYPE_CHECKING:
    from mesh_dagster.model.domain import LoadedProduct
    from mesh_dagster.model.identity import Identity
    from mesh_dagster.products.mesh import Mesh

_COLOURS = {
    "quarantine": "red",
    "breach": "red",
    "access": "magenta",
    "waiver": "cyan",
    "check": "yellow",
}
_URGENT = tuple(_COLOURS)

_INBOX = [
    Column("ID"),
    Column("KIND", colours=_COLOURS),
    Column("PRODUCT", least=12),
    Column("PARTITIONS", least=10),
    Column("WHAT", least=16, below=lambda _: True),
]
_LOG = [
    Column("AT (UTC)"),
    Column("DECISION"),
    Column("PRODUCT", least=12),
    Column("PARTITIONS", least=10),
    Column("BY", least=12),
    Column("BECAME"),
    Column("WHY", least=20, below=lambda _: True),
]
_ME = "me"


@click.group(invoke_without_command=True)
@click.option("--owner", metavar="WHO", help="Of the products of this owner; `me` is you.")
@click.option("--product", type=ADDRESS, metavar="ADDRESS", help="Of this product only.")
@click.option("--all", "everything", is_flag=True, help="Also what somebody has taken note of.")
@click.option("--ids", is_flag=True, help="Print the IDs alone, one a line: for a script.")
@as_json
@click.pass_context
def review(
    context: click.Context,
    *,
    owner: str | None,
    product: Address | None,
    everything: bool,
    ids: bool,
    as_json: bool,
) -> int | None:
    """List what waits for an owner's decision, data in quarantine first.

    Decide on it by one of the commands below.
    """
    if context.invoked_subcommand is not None:
        return None
    mesh = open_mesh()
    unread: list[str] = []
    found = [each for each in _everything(mesh, product, unread) if everything or each.is_open]
    if owner is not None:
        found = _of(mesh, owner, found, unread)
    found.sort(key=lambda each: _URGENT.index(each.kind.value))
    if as_json:
        emit_json(found)
    elif ids:
        for each in found:
            emit(each.id)
    elif found:
        emit_styled(render(_INBOX, [_row(each) for each in found]).text)
        say(f"look: mesh review show {found[0].id}")
    elif not unread:
        say("nothing waits for a decision")
    for text in unread:
        say(text)
    return EvaluationError.exit_code if unread else 0


@review.command()
@click.argument("id", metavar="ID|ADDRESS")
@click.option("--rows", default=6, show_default=True, metavar="N", help="Failing rows of a rule.")
@as_json
def show(id: str, rows: int, as_json: bool) -> int:
    """Show what waits: what fails, by which rows, what differs, who waits, what was decided.

    Of an ADDRESS all that waits of that product.
    """
    from mesh_dagster.cli.review_shown import facts_of, tell

    mesh = open_mesh()
    if "/" not in id:
        facts = facts_of(mesh, id, rows)
        if as_json:
            emit_json(facts)
        else:
            tell(facts)
        return 0
    unread: list[str] = []
    found = [each for each in _everything(mesh, Address.parse(id), unread) if each.is_open]
    found.sort(key=lambda each: _URGENT.index(each.kind.value))
    every = [facts_of(mesh, each.id, rows) for each in found]
    if as_json:
        emit_json(every)
    for number, each in enumerate(() if as_json else every):
        if number:
            emit("\n" + "─" * 40)
        tell(each)
    if not (found or unread or as_json):
        say(f"nothing of {id} waits for a decision")
    for text in unread:
        say(text)
    return EvaluationError.exit_code if unread else 0


@review.command()
@click.option("--product", type=ADDRESS, metavar="ADDRESS", help="Of this product only.")
@as_json
def log(product: Address | None, as_json: bool) -> int:
    """List every decision that was made, the newest first."""
    from mesh_dagster.products.deciding.reviewing import rulings_of

    mesh = open_mesh()
    if product is not None:
        products = [mesh.resolve_own(product).of_product]
    else:
        products = [each.address for each in mesh.own()]
    apart, found = Apart(), list[Ruling]()
    for each in products:
        with apart.domain(each.domain):
            found += rulings_of(mesh, mesh.load(each))
    found.sort(key=lambda ruling: ruling.id, reverse=True)
    if as_json:
        emit_json(found)
    elif found:
        emit_styled(render(_LOG, [_logged(each) for each in found]).text)
    elif not apart.problems:
        say("nothing was decided yet")
    return apart.tell()


_id = click.argument("id")
_why = click.option("--why", required=True, metavar="TEXT", help="The reason, for the record.")
_until = click.option(
    "--until",
    type=MOMENT,
    metavar="MOMENT",
    help="When it ceases to hold: 2013-12-01, 2013-12-01T06:00Z.",
)


@review.command()
@_id
@_why
@as_json
def reaudit(id: str, why: str, as_json: bool) -> int:
    """Audit the quarantined files again, with the contract as it is now; publish what passes."""
    return _decide(id, Action.REAUDIT, why, as_json)


@review.command()
@_id
@_why
@_until
@as_json
def release(id: str, why: str, until: datetime | None, as_json: bool) -> int:
    """Publish the files that were audited, against the contract, and answer for it."""
    return _decide(id, Action.RELEASE, why, as_json, until=until)


@review.command()
@_id
@_why
@as_json
def discard(id: str, why: str, as_json: bool) -> int:
    """Delete the quarantined files; what is published stays as it is."""
    return _decide(id, Action.DISCARD, why, as_json)


@review.command()
@_id
@_why
@_until
@click.option("--rule", "rules", multiple=True, help="This rule only; may be given several times.")
@as_json
def waive(id: str, why: str, until: datetime | None, rules: tuple[str, ...], as_json: bool) -> int:
    """Let rules not block: for this partition, or --until a moment for all. They still report."""
    return _decide(id, Action.WAIVE, why, as_json, until=until, rules=rules)


@review.command()
@_id
@_why
@_until
@as_json
def acknowledge(id: str, why: str, until: datetime | None, as_json: bool) -> int:
    """Take note of it, so that it leaves the inbox; nothing else is changed."""
    return _decide(id, Action.ACKNOWLEDGE, why, as_json, until=until)


@review.command()
@_id
@_why
@_until
@as_json
def grant(id: str, why: str, until: datetime | None, as_json: bool) -> int:
    """Let somebody read a port, as he asked, or --until a moment before that."""
    return _decide(id, Action.GRANT, why, as_json, until=until)


@review.command()
@_id
@_why
@as_json
def refuse(id: str, why: str, as_json: bool) -> int:
    """Do not let somebody read a port; the rights that he has stay as they are."""
    return _decide(id, Action.REFUSE, why, as_json)


def _decide(
    id: str,
    action: Action,
    why: str,
    as_json: bool,
    *,
    until: datetime | None = None,
    rules: Sequence[str] = (),
) -> int:
    if "/" in id:
        raise UsageError(
            f"{id} is a product; a decision is about one thing that waits, by its ID",
            fix=f"mesh review --product {id}",
        )
    from mesh_dagster.model.snapshot import Outcome
    from mesh_dagster.products.deciding.decisions import decide
    from mesh_dagster.products.deciding.reviewing import identities, review_of

    mesh = open_mesh()
    found = review_of(mesh, id)
    loaded = mesh.load(Address.parse(found.product))
    who = identities(mesh)
    made = decide(mesh, loaded, found, action, who, why=why, until=until, rules=rules)
    waits = made.outcome is Outcome.QUARANTINED
    if as_json:
        emit_json(made)
    else:
        about = " ".join([found.product, *found.partitions])
        emit(f"{about}: {_became(made) or made.action}, by {made.by}")
        if waits:
            say(f"it does not pass: mesh review show {found.subject}")
    return 1 if waits else 0


def _everything(mesh: Mesh, product: Address | None, unread: list[str]) -> list[Review]:
    """What waits in every domain whose journal answers; what is wrong with others is `unread`."""
    from mesh_dagster.products.deciding.reviewing import reviews_of

    only = mesh.resolve_own(product).of_product if product else None
    found: list[Review] = []
    for domain in mesh.domains:
        if only is not None and only.domain != domain.name:
            continue
        try:
            found += reviews_of(mesh, domain.name)
        except MeshError as error:
            unread.append(f"{domain.name} could not be asked: {error}")
    return [each for each in found if only is None or each.product == only.path]


def _of(mesh: Mesh, owner: str, found: Sequence[Review], unread: list[str]) -> list[Review]:
    """What waits of an owner's products. A product whose files cannot be read is `unread`."""
    from mesh_dagster.products.deciding.reviewing import identities

    me = owner.lower() == _ME
    names = [] if me else [owner]
    more = iter(identities(mesh) if me else ())
    his = set()
    for path in {each.product: None for each in found}:
        try:
            if _is_of(mesh.load(Address.parse(path)), names, more):
                his.add(path)
        except MeshError as error:
            unread.append(f"whose {path} is cannot be told: {error}")
    return [each for each in found if each.product in his]


def _is_of(loaded: LoadedProduct, names: list[str], more: Iterator[Identity]) -> bool:
    """Whether a product is of one of these names, or of one of `more`, which join them: a proof
    is asked where those before it are not enough, and once."""
    from mesh_dagster.reviews.identity import owns

    if any(owns(loaded, name) for name in names):
        return True
    for identity in more:
        names += identity.names
        if any(owns(loaded, name) for name in identity.names):
            return True
    return False


def _row(each: Review) -> tuple[Any, ...]:
    return each.id, each.kind.value, each.product, _spelled(each.partitions), each.summary


def _logged(ruling: Ruling) -> tuple[Any, ...]:
    became = _became(ruling) or (ruling.state if ruling.state != "done" else None)
    keys = sorted({key for _, key in ruling.covers if key})
    return (
        moment(ruling.at),
        ruling.action.value,
        ruling.product,
        _spelled(keys),
        str(ruling.by),
        became,
        ruling.why,
    )


def _became(ruling: Ruling) -> str | None:
    """What came of it. What passes its audit is published, though it had to wait."""
    from mesh_dagster.model.snapshot import Outcome

    passed = ruling.action is Action.REAUDIT and ruling.outcome is Outcome.RELEASED
    return Outcome.PUBLISHED.value if passed else ruling.outcome


def _spelled(keys: Sequence[str]) -> str:
    if len(keys) > 2:
        return f"{len(keys)} from {keys[0]}"
    return ", ".join(keys) or "-"
