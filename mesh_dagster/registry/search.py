"""Finding products by words: what they are called, say, hold and are asked.

Every word counts by its stem and as the beginning of a word; one that nothing in the mesh begins
with is taken for a typing error, and the nearest ones are looked for. Products that have all words
come before those that have some. Where very many have them, those come first that are about them.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, islice

from mesh_dagster.errors import UsageError
from mesh_dagster.registry.indexed import FIELDS
from mesh_dagster.registry.ranking import liking
from mesh_dagster.registry.spelling import nearest_terms

MOST_WORDS = 16
_BY_FIELD = "10.0, 4.0, 3.0, 1.5, 1.0, 5.0, 2.0, 5.0"
"""What a word counts for in each of `FIELDS`, in their order."""

_MANY = 2000
_ABOUT = "{name purpose queries entities tags}"
"""The fields that tell what a product is about, asked alone where more than `_MANY` products match:
a word that thousands have somewhere tells them apart by nothing else, and each one takes time to
weigh."""

_WORD = re.compile(r"[^\W_]+")
_SEPARATOR = " · "
_SHOWN_OF = (
    "id, path, purpose, domain, archetype, stage, status, team, slo, readers, coalesce(times, 0), "
    "products.score"
)
_SHOWN = 3
"""Places of one field that are shown."""


@dataclass(frozen=True, slots=True)
class Filters:
    """What a product has to be; None and empty ask nothing."""

    domain: str | None = None
    archetype: str | None = None
    stage: str | None = None
    tags: tuple[str, ...] = ()
    entities: tuple[str, ...] = ()
    kept: bool = False
    """Whether all of its service levels that are measured are kept."""


NO_FILTERS = Filters()


@dataclass(frozen=True, slots=True)
class Hit:
    """A product that was found. `why` is, by field, where the words stand in it; `uses` is how
    often whoever searches has read it lately."""

    path: str
    purpose: str
    domain: str
    archetype: str
    stage: str
    status: str
    team: str
    slo: str
    readers: int
    uses: int = 0
    rating: int | None = None
    """What its domain says that it scores."""
    name: str = ""
    """Its path, without the major where a name without one means it."""
    score: float = 0.0
    why: dict[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Found:
    """The best hits, how many there are in all, and what was taken for typing errors."""

    hits: tuple[Hit, ...]
    total: int
    corrected: dict[str, tuple[str, ...]] = field(default_factory=dict)


def search(
    connection: sqlite3.Connection,
    terms: str,
    filters: Filters = NO_FILTERS,
    limit: int = 20,
    uses: Mapping[str, int] | None = None,
) -> Found:
    """The products of an index that words find, the best first; without words, all that the
    filters leave, the most used first. `uses` is how often who searches has read products, by
    path. Raises `UsageError` for more words than anybody means.
    """
    words = list(dict.fromkeys(each.lower() for each in _WORD.findall(terms)))
    if len(words) > MOST_WORDS:
        raise UsageError(f"{len(words)} words are looked for, {MOST_WORDS} are the most")
    _note_uses(connection, uses or {})
    if not words:
        return _all(connection, filters, limit)
    every = " AND ".join(_group([each]) for each in words)
    ranked, total = _best(connection, every, filters, limit)
    # Where products have all words, none of them is a typing error.
    corrected = {} if ranked else _corrected(connection, words)
    meant = [corrected.get(each, (each,)) for each in words]
    if corrected:
        every = " AND ".join(map(_group, meant))
        ranked, total = _best(connection, every, filters, limit)
    if len(ranked) < limit and len(words) > 1:
        others, _ = _best(connection, _group(list(chain(*meant))), filters, limit)
        ranked = dict(islice({**ranked, **others}.items(), limit))
        total = max(total, len(ranked))
    return Found(_hits(connection, ranked, list(chain(*meant))), total, corrected)


def values_of(connection: sqlite3.Connection, kind: str) -> list[str]:
    """All domains, tags or entities that products of an index have."""
    asked = """
        select distinct value from facets where kind = :kind
        union select domain from products where :kind = 'domain' order by 1
    """
    return [value for (value,) in connection.execute(asked, {"kind": kind})]


def _note_uses(connection: sqlite3.Connection, uses: Mapping[str, int]) -> None:
    """What the one who searches has read, for this connection alone."""
    connection.execute(
        "create temp table if not exists used (product integer primary key, times, liking)"
    )
    connection.execute("delete from temp.used")
    noted = "insert into temp.used select id, :times, :liking from products where path = :path"
    connection.executemany(
        noted,
        [{"path": path, "times": each, "liking": liking(each)} for path, each in uses.items()],
    )


def _all(connection: sqlite3.Connection, filters: Filters, limit: int) -> Found:
    condition, given = _conditions(filters)
    rows = connection.execute(
        f"""select p.id, w.weight * coalesce(u.liking, 1.0) as weight
        from products p join weights w on w.product = p.id left join temp.used u on u.product = p.id
        where {condition} order by weight desc, p.path limit :limit""",  # noqa: S608 (ours)
        {**given, "limit": limit},
    )
    ranked = dict(rows.fetchall())
    counted = f"select count(*) from products p where {condition}"  # noqa: S608 (ours)
    total = connection.execute(counted, given).fetchone()[0]
    return Found(_hits(connection, ranked, ()), total)


def _best(
    connection: sqlite3.Connection, match: str, filters: Filters, limit: int
) -> tuple[dict[int, float], int]:
    """The products that match best, with how well, and how many match at all."""
    total = _count(connection, match, filters)
    if total > _MANY:
        about = _ranked(connection, f"{_ABOUT} : ({match})", filters, limit)
        if len(about) == limit:
            return about, total
    return (_ranked(connection, match, filters, limit) if total else {}), total


def _ranked(
    connection: sqlite3.Connection, match: str, filters: Filters, limit: int
) -> dict[int, float]:
    """How well products match, the best first: by text, times what else speaks for them, which
    a table holds that has nothing else in it."""
    condition, given = _conditions(filters)
    joined = "join products p on p.id = w.product" if given or filters.kept else ""
    statement = f"""
        select f.id, -f.score * w.weight * coalesce(u.liking, 1.0) as score
        from (select rowid as id, bm25(words, {_BY_FIELD}) as score from words
              where words match :match) f
        join weights w on w.product = f.id left join temp.used u on u.product = f.id
        {joined} where {condition}
        order by 2 desc, 1 limit :limit
    """  # noqa: S608 (no word of anybody's)
    return dict(connection.execute(statement, {**given, "match": match, "limit": limit}).fetchall())


def _count(connection: sqlite3.Connection, match: str, filters: Filters) -> int:
    condition, given = _conditions(filters)
    joined = "join products p on p.id = f.rowid" if given or filters.kept else ""
    statement = f"""
        select count(*) from words f {joined} where words match :match and {condition}
    """  # noqa: S608 (no word of anybody's)
    found: int = connection.execute(statement, {**given, "match": match}).fetchone()[0]
    return found


def _conditions(filters: Filters) -> tuple[str, dict[str, object]]:
    conditions, given = ["true"], dict[str, object]()
    for name in ("domain", "archetype", "stage"):
        if (wanted := getattr(filters, name)) is not None:
            conditions.append(f"p.{name} = :{name}")
            given[name] = wanted
    if filters.kept:
        conditions.append("p.slo in ('', 'met')")
    facets = [*(("tag", tag) for tag in filters.tags), *(("entity", e) for e in filters.entities)]
    for at, (kind, value) in enumerate(facets):
        wanted = f"kind = :kind{at} and value = :value{at}"
        conditions.append(f"p.id in (select product from facets where {wanted})")  # noqa: S608
        given |= {f"kind{at}": kind, f"value{at}": value}
    return " and ".join(conditions), given


def _group(words: Sequence[str]) -> str:
    """One word, or those that it may have been meant for, as FTS5 asks for them."""
    return "(" + " OR ".join(f'"{each}" *' for each in words) + ")"


def _corrected(connection: sqlite3.Connection, words: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """The nearest words of those that nothing in the mesh begins with."""
    found = {}
    for each in words:
        known = connection.execute(
            "select 1 from words where words match ? limit 1", (_group([each]),)
        ).fetchone()
        if known is None and (near := nearest_terms(connection, each)):
            found[each] = near
    return found


def _hits(
    connection: sqlite3.Connection, ranked: dict[int, float], words: Sequence[str]
) -> tuple[Hit, ...]:
    """What is known of the products that were found, and where these words stand in them."""
    why = _why(connection, list(ranked), words) if words else {}
    places = ", ".join("?" * len(ranked))
    of_hits = f"where id in ({places})"
    known_of = "products left join temp.used on product = id"
    rows = connection.execute(f"select {_SHOWN_OF} from {known_of} {of_hits}", list(ranked))  # noqa: S608
    known = {id_: Hit(*row) for id_, *row in rows}
    meant = _meant_by_name(connection, list(ranked))
    return tuple(
        replace(
            known[id_],
            name=meant.get(known[id_].path, known[id_].path),
            score=round(score, 3),
            why=why.get(id_, {}),
        )
        for id_, score in ranked.items()
    )


def _meant_by_name(connection: sqlite3.Connection, ids: Sequence[int]) -> dict[str, str]:
    """Path -> name, of the newest active majors of these products: what a name alone means."""
    places = ", ".join("?" * len(ids))
    of_hits = f"from products where id in ({places})"
    newest = f"""
        select max(cast(substr(path, length(majors) + 3) as integer)), majors from products
        where domain in (select domain {of_hits}) and majors in (select majors {of_hits})
        and status = 'active' group by majors
    """  # noqa: S608 (no word of anybody's)
    found = connection.execute(newest, [*ids, *ids])
    return {f"{majors}/v{major}": majors for major, majors in found}


def _why(
    connection: sqlite3.Connection, ids: Sequence[int], words: Sequence[str]
) -> dict[int, dict[str, tuple[str, ...]]]:
    """The parts of the texts in which the words stand, each once, by product and field.

    Those that may have one are indexed by themselves: to mark words in the whole index takes a
    look at every product that has them.
    """
    places = ", ".join("?" * len(ids))
    of_index = f"select rowid, {', '.join(FIELDS)} from words where rowid in ({places})"  # noqa: S608
    begins = _beginnings(words)
    parts = [
        (id_, name, part)
        for id_, *texts in connection.execute(of_index, list(ids))
        for name, text in zip(FIELDS, texts, strict=True)
        for part in dict.fromkeys(text.split(_SEPARATOR))
        if begins.search(part) or not part.isascii()
    ]
    connection.execute(_PARTS)
    connection.execute("insert into temp.parts (parts) values ('delete-all')")
    given = json.dumps([part for _, _, part in parts])
    connection.execute(
        "insert into temp.parts (rowid, part) select key, value from json_each(?)", (given,)
    )
    matching = "select rowid from temp.parts where parts match ? order by rowid"
    found: dict[int, dict[str, tuple[str, ...]]] = {}
    for (at,) in connection.execute(matching, (_group(words),)):
        id_, name, part = parts[at]
        fields = found.setdefault(id_, {})
        fields[name] = (*fields.get(name, ()), part.strip())[:_SHOWN]
    return found


_PARTS = """
create virtual table if not exists temp.parts using fts5 (part, content = '',
    tokenize = "porter unicode61 remove_diacritics 2")
"""


def _beginnings(words: Sequence[str]) -> re.Pattern[str]:
    """Finds where a plain text may have one of the words: a word has two letters of its stem."""
    if not all(map(str.isascii, words)):
        return re.compile("")
    begins = {each[:2] for each in words}
    return re.compile(rf"(?<![^\W_])(?:{'|'.join(sorted(begins))})", re.ASCII | re.IGNORECASE)
