"""The evidence for a promotion: everything that it asks for, looked up and never asserted.

Files say what is declared, the journal of the domain what it has kept, and the documents and news
of other domains whether anybody there is well served.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from mesh_dagster import clock
from mesh_dagster.errors import UnknownAddress
from mesh_dagster.model.domain import LoadedProduct
from mesh_dagster.model.event import spelled
from mesh_dagster.model.life import NEEDS, Evidence, Need
from mesh_dagster.model.ownership import owners
from mesh_dagster.model.product import Stage
from mesh_dagster.model.slo import Status
from mesh_dagster.ports import pointer
from mesh_dagster.products.governing.readers import Dependent, readers
from mesh_dagster.products.keeping.service_levels import objectives, reports
from mesh_dagster.products.keeping.slo_incidents import broken_there
from mesh_dagster.products.mesh import Mesh

Finder = Callable[[Mesh, LoadedProduct], Evidence]


def evidence_for(mesh: Mesh, loaded: LoadedProduct, stage: Stage) -> tuple[Evidence, ...]:
    """What there is of all that a promotion to a stage asks for.

    Raises `StorageError` and `JournalError` where that cannot be told.
    """
    return tuple(_FINDERS[need](mesh, loaded) for need in NEEDS[stage])


def _purpose(_: Mesh, loaded: LoadedProduct) -> Evidence:
    said = (loaded.product.purpose or "").strip()
    fix = f"description: {{purpose: ...}} in {loaded.product.where}"
    return _found(Need.PURPOSE, said, "nobody says what it is for", fix)


def _owner(_: Mesh, loaded: LoadedProduct) -> Evidence:
    people = [each.username for each in owners(loaded, clock.now().date())]
    fix = f"team: {{members: [{{username: YOU, role: owner}}]}} in {loaded.product.where}"
    return _found(Need.OWNER, spelled(people), "nobody owns it", fix)


def _use_case(_: Mesh, loaded: LoadedProduct) -> Evidence:
    fix = f"{{property: useCases, value: [...]}} in customProperties of {loaded.product.where}"
    return _found(Need.USE_CASE, spelled(loaded.product.use_cases), "no use case is named", fix)


def _service_level(_: Mesh, loaded: LoadedProduct) -> Evidence:
    promised = [each.name for each in objectives(loaded)]
    fix = "slaProperties: [{property: freshness, value: 26, unit: h}] in its contract"
    return _found(Need.SERVICE_LEVEL, spelled(promised), "its contract promises none", fix)


def _published(mesh: Mesh, loaded: LoadedProduct) -> Evidence:
    address = loaded.product.address
    newest = pointer.current(mesh.storage, address)
    seen = f"number {newest.number} at {newest.at:%Y-%m-%d %H:%M} UTC" if newest else ""
    return _found(Need.PUBLISHED, seen, "never", f"mesh run {address.path}")


def _levels_kept(mesh: Mesh, loaded: LoadedProduct) -> Evidence:
    """Every promise that can be measured is kept now, and has been looked at for long enough."""
    path, days = loaded.product.address.path, mesh.config.lifecycle.kept_days
    fix = f"mesh slo {path}"
    (report, *_) = [*reports(mesh, [loaded]), None]
    if report is None:
        return Evidence(Need.LEVELS_KEPT, False, "its contract promises none", fix)
    bad = [each for each in report.standings if not each.status.kept]
    if bad:
        told = spelled([f"{each.objective.name} is {each.status.words}" for each in bad])
        return Evidence(Need.LEVELS_KEPT, False, told, fix)
    measured = [each for each in report.standings if each.status is not Status.UNMEASURED]
    born, now = report.history.born, clock.now()
    if born is None or not measured:
        return Evidence(Need.LEVELS_KEPT, False, "nothing was measured yet", fix)
    age = now - born
    told = f"all {len(measured)}, for {_days(age)}"
    if age < timedelta(days=days):
        told = f"all {len(measured)}, for {_days(age)} only; {days} days are asked for"
        return Evidence(Need.LEVELS_KEPT, False, told, fix)
    return Evidence(Need.LEVELS_KEPT, True, told)


def _one_reader(mesh: Mesh, loaded: LoadedProduct) -> Evidence:
    """Somebody uses it, and no more domains than a product in beta may have."""
    most = mesh.config.lifecycle.readers_in_beta
    domains = sorted({each.domain for each in _elsewhere(mesh, loaded)})
    if not domains:
        fix = "find the first use case: a product of another domain that declares an input port"
        return Evidence(Need.ONE_READER, False, "no other domain reads it", fix)
    if len(domains) > most:
        fix = f"lifecycle: {{readersInBeta: {len(domains)}}} in {mesh.config.file.name}"
        told = f"{spelled(domains)}: {len(domains)} domains, and beta is for {most}"
        return Evidence(Need.ONE_READER, False, told, fix)
    return Evidence(Need.ONE_READER, True, spelled(domains))


def _satisfied_reader(mesh: Mesh, loaded: LoadedProduct) -> Evidence:
    """A product of another domain has read it, was published since, and nothing is wrong there."""
    found = _elsewhere(mesh, loaded)
    if not found:
        return Evidence(Need.SATISFIED_READER, False, "no other domain reads it")
    broken = {name: broken_there(mesh, name) for name in {each.domain for each in found}}
    why = []
    for reader in found:
        number = _last_read(mesh, reader, loaded)
        if number is None:
            why.append(f"{reader.path} has not read it yet")
        elif reader.path in broken[reader.domain]:
            why.append(f"{reader.path} is in an incident")
        else:
            told = f"{reader.path} read publication {number}, and nothing is wrong there"
            return Evidence(Need.SATISFIED_READER, True, told)
    return Evidence(Need.SATISFIED_READER, False, spelled(why), f"mesh show {found[0].path}")


def _score(mesh: Mesh, loaded: LoadedProduct) -> Evidence:
    from mesh_dagster.products.scoring.score import score_of

    least = mesh.config.lifecycle.score
    found = score_of(mesh, loaded.product.address).score.overall
    told = f"{found} of 100; {least} are asked for"
    fix = f"mesh score {loaded.product.address.path}"
    return Evidence(Need.SCORE, found >= least, told, None if found >= least else fix)


_FINDERS: dict[Need, Finder] = {
    Need.PURPOSE: _purpose,
    Need.OWNER: _owner,
    Need.USE_CASE: _use_case,
    Need.SERVICE_LEVEL: _service_level,
    Need.PUBLISHED: _published,
    Need.SCORE: _score,
    Need.LEVELS_KEPT: _levels_kept,
    Need.ONE_READER: _one_reader,
    Need.SATISFIED_READER: _satisfied_reader,
}


def _found(need: Need, seen: str, otherwise: str, fix: str) -> Evidence:
    return Evidence(need, bool(seen), seen or otherwise, None if seen else fix)


def _elsewhere(mesh: Mesh, loaded: LoadedProduct) -> tuple[Dependent, ...]:
    own = loaded.product.address
    return tuple(each for each in readers(mesh, own) if each.domain != own.domain)


def _last_read(mesh: Mesh, reader: Dependent, loaded: LoadedProduct) -> int | None:
    """The publication that a reader's domain tells it has read, if it has published since."""
    try:
        facts = mesh.told(reader.product.address).facts
    except UnknownAddress:
        return None
    own = loaded.product.address
    numbers = [
        each.publication
        for each in facts.reads
        if each.address.of_product == own and each.publication is not None
    ]
    return max(numbers) if numbers and facts.publications else None


def _days(span: timedelta) -> str:
    return "1 day" if span.days == 1 else f"{span.days} days"
