"""What people read of the mesh, as its readers themselves note it: their own ledger.

A read outside of a transform (`mesh query`, `mesh lab`, `Mesh[...]`, `read()`) is one of somebody,
not of a product, so no domain's journal has it. It is kept beside the checkout's other state, a
SQLite file for each user, which that user alone writes: what was read, in which publication,
which columns, by what, how often on which day. No text of a query, and no value, is in it.

To keep it never stops a read: a ledger that cannot be written is done without.
"""

from __future__ import annotations

import getpass
import json
import re
import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from mesh_dagster import clock
from mesh_dagster.errors import AddressError
from mesh_dagster.model.address import Address
from mesh_dagster.model.domain import MeshConfig
from mesh_dagster.products.mesh import Mesh

MOST = 20_000
"""Lines of a ledger that became too large: the newest stay."""
LARGEST = 8 * 1024 * 1024
KEPT = timedelta(days=400)
WINDOW = timedelta(days=30)
"""Over which use is counted, where nothing else is asked."""
_WAIT = 0.5
"""Seconds to wait for another process of the same user."""
_TABLE = """
create table if not exists uses (
    day text not null, address text not null, publication integer not null, means text not null,
    columns text not null, times integer not null, last text not null,
    primary key (day, address, publication, means, columns)
) without rowid
"""
_NOTE = """
insert into uses values (?, ?, ?, ?, ?, 1, ?)
on conflict do update set times = times + 1, last = excluded.last
"""
_TRIM = """
delete from uses where last <= (select last from uses order by last desc limit 1 offset ?)
"""


@dataclass(frozen=True, slots=True)
class Use:
    """One port that was read, in one publication. `columns` None: any of them."""

    address: Address
    publication: int
    means: str
    columns: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Used:
    """A use as it is kept: how often on one day (UTC), and when last."""

    use: Use
    day: str
    times: int
    last: datetime


def record_uses(mesh: Mesh, uses: Sequence[Use]) -> None:
    """Note in the ledger of this user what was read just now."""
    if not uses:
        return
    with suppress(OSError, sqlite3.Error, UnicodeDecodeError):
        file = _own(mesh.config)
        try:
            _note(file, uses)
        except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
            if isinstance(error, sqlite3.OperationalError):
                raise
            file.unlink(missing_ok=True)  # it is no ledger any more
            _note(file, uses)


def uses_of(mesh: Mesh, since: timedelta = WINDOW) -> Iterator[Used]:
    """What the people of this checkout read since then; ledgers that cannot be read are left."""
    first = (clock.now() - since).date().isoformat()
    for file in sorted(_folder(mesh.config).glob("*.db")):
        with suppress(OSError, sqlite3.Error, ValueError, TypeError, AddressError):
            yield from _kept(file, first)


def use_counts(mesh: Mesh, since: timedelta = WINDOW) -> Mapping[Address, int]:
    """How often each product was read by people since then: address with its major -> times."""
    counted: Counter[Address] = Counter()
    for each in uses_of(mesh, since):
        counted[each.use.address.of_product] += each.times
    return dict(counted)


def _folder(config: MeshConfig) -> Path:
    return config.state / "uses"


def _own(config: MeshConfig) -> Path:
    """The ledger of whoever runs this process, by the name that the machine has for them."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError, ImportError):
        user = "unknown"
    folder = _folder(config)
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{re.sub(r'[^A-Za-z0-9_-]', '_', user)[:100]}.db"


def _note(file: Path, uses: Sequence[Use]) -> None:
    now = clock.now()
    rows = [
        (
            now.date().isoformat(),
            str(each.address),
            each.publication,
            each.means,
            "*" if each.columns is None else json.dumps(each.columns),
            now.isoformat(),
        )
        for each in uses
    ]
    with closing(sqlite3.connect(file, timeout=_WAIT)) as ledger, ledger:
        # What a power failure takes of it is no loss; a read must not wait for a disk.
        ledger.execute("pragma synchronous = off")
        ledger.execute(_TABLE)
        ledger.executemany(_NOTE, rows)
        ledger.execute("delete from uses where day < ?", ((now - KEPT).date().isoformat(),))
        if file.stat().st_size > LARGEST:
            ledger.execute(_TRIM, (MOST,))


def _kept(file: Path, first: str) -> Iterator[Used]:
    asked = "select * from uses where day >= ? order by last desc limit ?"
    with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)) as ledger:
        for day, address, publication, means, columns, times, last in ledger.execute(
            asked, (first, MOST)
        ):
            named = None if columns == "*" else tuple(map(str, json.loads(columns)))
            use = Use(Address.parse(address), int(publication), str(means), named)
            yield Used(use, str(day), int(times), datetime.fromisoformat(last))
