"""One side of a comparison: `side.py parse|build|change URL`, or `side.py search URL`.

It prints what it took, without its imports: seconds, CPU seconds, the peak of its memory, and for
a search the 95th percentiles in milliseconds.
"""

from __future__ import annotations

import json
import random
import resource
import sqlite3
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from itertools import islice
from pathlib import Path

import documents

from mesh_dagster.ports.storage import Storage, open_storage
from mesh_dagster.registry.index import Index
from mesh_dagster.registry.search import search

AT_ONCE = 16
QUERIES = 1200
_BARE = "select rowid from words where words match ? order by rank limit 20"


@contextmanager
def timed(**told: object) -> Iterator[None]:
    wall, cpu = time.perf_counter(), time.process_time()
    yield
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"wall": wall, "cpu": cpu, "peak": peak, **told}))


def parse(storage: Storage, folder: Path) -> None:
    """Reading and parsing all documents, as many read at a time as the index does."""
    with timed(), ThreadPoolExecutor(AT_ONCE) as threads:
        keys = (each.key for each in storage.list("") if each.key.endswith("/discovery.json"))
        products = 0
        while some := list(islice(keys, AT_ONCE)):
            for data in threads.map(storage.read, some):
                products += len(json.loads(data)["products"])
    assert products


def build(storage: Storage, folder: Path) -> None:
    with Index(folder / "index.db", storage) as index, timed():
        index.refresh(anew=True)


def change(storage: Storage, folder: Path) -> None:
    """The index is there, and of one domain one product has changed since."""
    with Index(folder / "index.db", storage) as index:
        index.refresh(anew=True)
        domains = sum(each.key.endswith("/discovery.json") for each in storage.list(""))
        key = f"{documents.domain_name(0)}/discovery.json"
        before = storage.read(key)
        products = before.count(b'"promise"')
        word = f"changed{time.time_ns()}"
        try:
            storage.write(key, documents.document(0, domains, products, word))
            with timed():
                taken = index.refresh()
            assert taken == 1
            assert index.ask(lambda connection: search(connection, word)).total == 1
        finally:
            storage.write(key, before)


def find(storage: Storage, folder: Path) -> None:
    """The same searches by the bare full-text query and by ours, in turn."""
    with Index(folder / "index.db", storage) as index:
        index.refresh(anew=True)
        asked = _queries(QUERIES)
        plain: list[float] = []
        ours: list[float] = []
        with closing(sqlite3.connect(folder / "index.db")) as connection, timed():
            for terms in asked * 2:
                match = " AND ".join(f'"{each}" *' for each in terms.split())
                begun = time.perf_counter()
                connection.execute(_BARE, (match,)).fetchall()
                between = time.perf_counter()
                index.ask(lambda connection, terms=terms: search(connection, terms))
                plain.append(between - begun)
                ours.append(time.perf_counter() - between)
        warm = slice(len(asked), None)
        print(json.dumps({"bare": _p95(plain[warm]), "ours": _p95(ours[warm])}))


def _p95(seconds: list[float]) -> float:
    return sorted(seconds)[int(len(seconds) * 0.95)] * 1000


def _queries(number: int) -> list[str]:
    """One, two and three words, rare ones, typing errors and beginnings of words."""
    chosen = random.Random(number)
    found = []
    for at in range(number):
        one, two, three = chosen.sample(documents.WORDS, 3)
        rare = "".join(chosen.choices(documents.SYLLABLES, k=3))
        kinds = [
            one,
            f"{one} {two}",
            f"{one} {two} {three}",
            rare,
            f"{one[:-2]}{one[-1]}{one[-2]}",
            one[:3],
        ]
        found.append(kinds[at % len(kinds)])
    return found


if __name__ == "__main__":
    sides = {"parse": parse, "build": build, "change": change, "search": find}
    with tempfile.TemporaryDirectory() as state:
        sides[sys.argv[1]](open_storage(sys.argv[2]), Path(state))
