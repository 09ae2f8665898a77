"""The tables of an index, and how rows come into them and leave."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence

from mesh_dagster.registry.indexed import FIELDS, Row, cleaned

FORMAT = "3"
"""Another release's index is not understood, it is built anew."""

TABLES = f"""
create table meta (name text primary key, value text not null) without rowid;
create table objects (key text primary key, version text not null) without rowid;
create table findings (
    domain text not null, code text not null, message text not null, severity text not null,
    subject text not null, place text, fix text
);
create table products (
    id integer primary key,
    path text not null unique,
    majors text not null,
    checksum integer not null,
    domain text not null,
    archetype text not null,
    stage text not null,
    status text not null,
    slo text not null,
    team text not null,
    purpose text not null,
    score integer,
    readers integer not null default 0
);
create table weights (product integer primary key, weight real not null);
create index products_of_domain on products (domain);
create table facets (
    kind text not null, value text not null, product integer not null,
    primary key (kind, value, product)
) without rowid;
create index facets_of_product on facets (product);
create table reads (
    target text not null, product integer not null, kind text not null, columns text,
    primary key (target, product, kind, columns)
);
create index reads_of_product on reads (product);
create table edges (
    product integer not null, port text not null, "column" text not null,
    target text not null, target_column text not null, use text not null
);
create index edges_of_product on edges (product);
create index edges_to on edges (target, target_column, product, port, "column", use);
create index edges_unknown on edges (product) where target = '';
create virtual table words using fts5 ({", ".join(FIELDS)},
    tokenize = "porter unicode61 remove_diacritics 2");
create virtual table vocabulary using fts5vocab (words, row);
create table terms (term text primary key) without rowid;
create virtual table spelling using fts5 (term, tokenize = "trigram", detail = none);
"""

_WORDS = """
insert into words (rowid, name, purpose, columns, descriptions, queries, entities, owners, tags)
values (?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_PRODUCTS = """
insert into products
    (id, path, majors, checksum, domain, archetype, stage, status, slo, team, purpose, score)
values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_FACETS = "insert or ignore into facets (product, kind, value) values (?, ?, ?)"
_READS = "insert or ignore into reads (product, target, kind, columns) values (?, ?, ?, ?)"
_EDGES = """
insert into edges (product, port, "column", target, target_column, use) values (?, ?, ?, ?, ?, ?)
"""

_TOGETHER = 64
"""Rows of one statement: more of them take SQLite longer a row."""

Numbered = tuple[int, int, Row]
"""The id of a product in this index, the checksum of its entry, and what is kept of it."""


def insert(connection: sqlite3.Connection, rows: Sequence[Numbered]) -> None:
    """Put products into an index."""
    try:
        _insert(connection, rows)
    except UnicodeEncodeError:
        remove(connection, [id_ for id_, _, _ in rows])
        _insert(connection, [(id_, checksum, cleaned(row)) for id_, checksum, row in rows])


def _insert(connection: sqlite3.Connection, rows: Sequence[Numbered]) -> None:
    for statement, values in (
        (_PRODUCTS, ((id_, row.path, _majors(row), sum_, *row[1:9]) for id_, sum_, row in rows)),
        (_WORDS, ((id_, *row.texts) for id_, _, row in rows)),
        (_FACETS, ((id_, *each) for id_, _, row in rows for each in row.facets)),
        (_READS, ((id_, *each) for id_, _, row in rows for each in row.reads)),
        (_EDGES, ((id_, *each) for id_, _, row in rows for each in row.edges)),
    ):
        connection.executemany(statement, values)


def _majors(row: Row) -> str:
    return row.path.rpartition("/")[0]


def remove(connection: sqlite3.Connection, ids: Sequence[int]) -> None:
    """Take products out of an index."""
    for table, key in _KEYED:
        # The names are those of this module.
        connection.executemany(
            f"delete from {table} where {key} = ?",  # noqa: S608
            ((id_,) for id_ in ids),
        )


_KEYED = (
    ("words", "rowid"),
    ("facets", "product"),
    ("reads", "product"),
    ("edges", "product"),
    ("weights", "product"),
    ("products", "id"),
)


def learn_spelling(connection: sqlite3.Connection, ids: Sequence[int] | None) -> None:
    """Take the words of products (None: of all) into what typing errors are held against.

    Those that no product has any more are left in: they lead to nothing, and go with the next
    index that is built from nothing. The words of a few are taken from an index of them alone.
    """
    if ids is None:
        connection.execute("insert into terms select term from vocabulary where length(term) > 2")
        connection.execute("insert into spelling (term) select term from terms")
        return
    for statement in _OF_THE_NEW:
        connection.execute(statement)
    for start in range(0, len(ids), _TOGETHER):
        some = ids[start : start + _TOGETHER]
        places = ", ".join("?" * len(some))
        connection.execute(f"{_COPY} where rowid in ({places})", list(some))
    new = connection.execute(
        "insert or ignore into terms select term from temp.new_terms where length(term) > 2 "
        "returning term"
    ).fetchall()
    connection.executemany("insert into spelling (term) values (?)", new)
    connection.execute("delete from temp.new_words")


_OF_THE_NEW = (
    f"""create virtual table if not exists temp.new_words using fts5 ({", ".join(FIELDS)},
    tokenize = "porter unicode61 remove_diacritics 2")""",
    "create virtual table if not exists temp.new_terms using fts5vocab (temp, new_words, row)",
)
_COPY = f"insert into temp.new_words select {', '.join(FIELDS)} from words"  # noqa: S608 (ours)


def targets_of(connection: sqlite3.Connection, ids: Iterable[int]) -> Iterator[str]:
    """The products that products read."""
    for id_ in ids:
        found = connection.execute("select target from reads where product = ?", (id_,))
        yield from (target for (target,) in found)
