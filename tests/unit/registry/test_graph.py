"""The graph of the mesh: who reads whom, which column is made of which, and what would break."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mesh_dagster.model.address import Address
from mesh_dagster.model.discovery import Facts, ObservedRead
from mesh_dagster.model.lineage import ColumnLineage, Evidence, InputColumn, Use
from mesh_dagster.model.product import Archetype, InputPort, Product, Status
from mesh_dagster.ports.storage import Storage
from mesh_dagster.registry import impact as impacts
from mesh_dagster.registry.described import Described
from mesh_dagster.registry.drawn import map as map_
from mesh_dagster.registry.drawn.page import page
from mesh_dagster.registry.drawn.picture import picture_of_columns
from mesh_dagster.registry.drawn.texts import dot, mermaid
from mesh_dagster.registry.graph import Edge, Graph
from mesh_dagster.registry.graph_findings import depths_of, graph_findings
from mesh_dagster.registry.impact import impact
from mesh_dagster.registry.index import Index
from mesh_dagster.registry.search import search
from mesh_dagster.registry.walks import walk_columns, walk_products

Made = dict[str, list[str] | None]
"""Column -> `<address>.<column>:<use>` of each that it is made of; the rows are `*`."""


class Mesh:
    """Products that tell of themselves, and the graph of them."""

    def __init__(self, storage: Storage, file: Path, describe: Any, tell: Any) -> None:
        self.storage, self.file = storage, file
        self._describe, self._tell = describe, tell

    def product(
        self,
        path: str,
        made: Made | None = None,
        *,
        declares: dict[str, tuple[str, ...] | None] | None = None,
        reads: dict[str, tuple[str, ...] | None] | None = None,
        **rest: Any,
    ) -> Product:
        found: Described = self._describe(path)
        inputs = tuple(
            InputPort(f"in{at}", "1.0.0", Address.parse(each), columns=columns)
            for at, (each, columns) in enumerate((declares or {}).items())
        )
        product = replace(found.product, inputs=inputs, team=f"Team {path[0]}", **rest)
        observed = tuple(
            ObservedRead(f"in{at}", Address.parse(each), 1, columns)
            for at, (each, columns) in enumerate((reads or {}).items())
        )
        columns = {} if made is None else {"": lineage(made)}
        told = replace(found, product=product, facts=Facts(reads=observed, columns=columns))
        self._tell(self.storage, told)
        return product

    def graph(self, *own: Product) -> Iterator[Graph]:
        with Index(self.file, self.storage) as index:
            index.refresh()
            yield Graph(index, own)


def lineage(made: Made) -> ColumnLineage:
    columns = {name: _used(each) for name, each in made.items() if name != "*"}
    return ColumnLineage(columns, _used(made.get("*", [])), Evidence.SQL)


def _used(told: list[str] | None) -> tuple[InputColumn, ...] | None:
    if told is None:
        return None
    found = []
    for each in told:
        of, _, use = each.partition(":")
        port, _, column = of.rpartition(".")
        address = Address.parse(port) if "/" in port else None
        found.append(InputColumn(address, column, Use(use or "IDENTITY"), "" if address else port))
    return tuple(found)


@pytest.fixture
def mesh(storage: Storage, tmp_path: Path, describe: Callable[..., Described], tell: Any) -> Mesh:
    """`a/a` from a source; `b/b` adds it up; `c/c` shows that, and `d/d` hides what it does."""
    made = Mesh(storage, tmp_path / "index.db", describe, tell)
    made.product("a/a/v1", {"x": ["file.raw"], "y": ["file.other"]})
    made.product(
        "b/b/v1",
        {"s": ["a/a/v1.x:AGGREGATION"], "n": [], "*": ["a/a/v1.y:FILTER"]},
        declares={"a/a/v1": ("x", "y")},
        reads={"a/a/v1": ("x", "y")},
    )
    made.product(
        "c/c/v1",
        {"t": ["b/b/v1.s:TRANSFORMATION"], "u": ["b/b/v1.n"]},
        declares={"b/b": None},
        reads={"b/b/v1": ("n", "s")},
    )
    made.product(
        "d/d/v1", {"z": None, "one": []}, declares={"a/a/v1": ("x",)}, reads={"a/a/v1": None}
    )
    made.product("e/e/v1", declares={"c/c/v1": ("t",)})
    return made


@pytest.fixture
def graph(mesh: Mesh) -> Iterator[Graph]:
    yield from mesh.graph()


def ends(edges: Any) -> list[tuple[str, str]]:
    return [(each.reader, each.target) for each in edges]


def test_edges_are_known_from_both_ends(graph: Graph) -> None:
    assert ends(graph.readers("a/a/v1")) == [("b/b/v1", "a/a/v1"), ("d/d/v1", "a/a/v1")]
    (edge,) = graph.reads("b/b/v1")
    assert edge == Edge("b/b/v1", "a/a/v1", True, True, ("x", "y"), ("x", "y"))
    assert ends(graph.reads("c/c/v1")) == [("c/c/v1", "b/b/v1")]
    assert len(graph.edges()) == 4
    assert graph.readers("e/e/v1") == ()


def test_who_names_no_major_reads_the_newest(mesh: Mesh) -> None:
    mesh.product("b/b/v2")
    mesh.product("b/b/v3", status=Status.DRAFT)
    (graph,) = mesh.graph()
    assert ("c/c/v1", "b/b/v2") in ends(graph.readers("b/b/v2"))
    (declared,) = [each for each in graph.reads("c/c/v1") if each.declared]
    assert declared.target == "b/b/v2"
    assert [each.observed for each in graph.readers("b/b/v1")] == [True]


def test_files_of_this_checkout_say_what_is_declared_now(mesh: Mesh) -> None:
    (graph,) = mesh.graph()
    node = graph.node("e/e/v1")
    assert node is not None
    own = mesh.product("e/e/v1", declares={"c/c/v1": None})
    changed = replace(own, inputs=(InputPort("in", "1", Address.parse("a/a")),), purpose="New.")
    fresh = replace(own, address=Address.parse("f/f/v1"), inputs=own.inputs)
    (graph,) = mesh.graph(changed, fresh)
    assert ends(graph.reads("e/e/v1")) == [("e/e/v1", "a/a/v1")]
    assert ends(graph.readers("c/c/v1")) == [("f/f/v1", "c/c/v1")]
    assert "e/e/v1" in [each.reader for each in graph.readers("a/a/v1")]
    assert [each.purpose for each in graph.nodes() if each.path == "e/e/v1"] == ["New."]
    assert "f/f/v1" in [each.path for each in graph.nodes()]


def touched(found: Any) -> list[tuple[int, str, list[str]]]:
    return [
        (
            each.depth,
            each.node.path,
            [f"{t.column or '*'}{'' if t.certain else '?'}" for t in each.touched],
        )
        for each in found.affected
    ]


def test_a_column_breaks_what_is_made_of_it_in_order(graph: Graph) -> None:
    found = impact(graph, "a/a/v1", ["x"])
    assert touched(found) == [
        (1, "b/b/v1", ["s"]),
        (1, "d/d/v1", ["z?"]),
        (2, "c/c/v1", ["t"]),
        (3, "e/e/v1", ["*?"]),
    ]
    assert [each.over for each in found.affected] == [(), (), ("b/b/v1",), ("c/c/v1",)]
    assert found.affected[0].touched[0].uses == ("AGGREGATION",)
    assert found.affected[0].node.team == "Team b"
    assert not found.affected[1].certain


def test_what_decides_on_rows_touches_everything_below(graph: Graph) -> None:
    found = touched(impact(graph, "a/a/v1", ["y"]))
    assert found == [(1, "b/b/v1", ["*"]), (2, "c/c/v1", ["*"]), (3, "e/e/v1", ["*?"])]


def test_a_whole_product_touches_all_that_reads_it(graph: Graph) -> None:
    found = [path for _, path, _ in touched(impact(graph, "a/a/v1"))]
    assert found == ["b/b/v1", "d/d/v1", "c/c/v1", "e/e/v1"]
    assert impact(graph, "e/e/v1").affected == ()


def test_who_reads_the_masked_port_breaks_with_the_open_one(mesh: Mesh) -> None:
    mesh.product("m/m/v1", {"k": ["a/a/v1/masked.x"]}, declares={"a/a/v1/masked": ("x",)})
    mesh.product("n/n/v1", {"k": ["a/a/v1/late.z"]}, declares={"a/a/v1/late": ("z",)})
    (graph,) = mesh.graph()
    assert (1, "m/m/v1", ["k"]) in touched(impact(graph, "a/a/v1", ["x"]))
    assert "m/m/v1" not in paths(impact(graph, "a/a/v1", ["y"]))
    assert (1, "m/m/v1", ["*"]) in touched(impact(graph, "a/a/v1"))
    ports = graph.ports_read("a/a/v1")
    assert ports == ("a/a/v1/late", "a/a/v1/masked")
    assert (1, "n/n/v1", ["*"]) in touched(impact(graph, "a/a/v1", beside=ports))
    assert "m/m/v1" not in paths(impact(graph, "a/a/v1/late", ["z"]))
    assert graph.ports_read("a/a/v") == ()


def test_who_declares_a_column_and_makes_nothing_of_it_breaks_where_it_goes(mesh: Mesh) -> None:
    mesh.product(
        "m/m/v1",
        {"k": ["a/a/v1.x"]},
        declares={"a/a/v1": ("x", "unused")},
        reads={"a/a/v1": ("x",)},
    )
    mesh.product("n/n/v1", {"k": ["m/m/v1.k"]}, declares={"m/m/v1": ("k",)})
    mesh.product("o/o/v1", {"k": ["file.raw"]}, declares={"a/a/v1": None}, reads={"a/a/v1": ()})
    (graph,) = mesh.graph()
    (found,) = impact(graph, "a/a/v1", ["unused"]).affected
    assert (found.node.path, found.depth, found.declares_only) == ("m/m/v1", 1, True)
    assert found.touched[0].uses == ("DECLARED",)
    of_x = impact(graph, "a/a/v1", ["x"])
    assert (1, "m/m/v1", ["k"]) in touched(of_x)
    assert not any(each.declares_only for each in of_x.affected)
    assert "o/o/v1" not in paths(of_x)
    assert (1, "o/o/v1", ["*?"]) in touched(impact(graph, "a/a/v1"))


def paths(found: Any) -> list[str]:
    return [each.node.path for each in found.affected]


def test_a_column_that_nobody_reads_breaks_nothing(graph: Graph) -> None:
    assert touched(impact(graph, "c/c/v1", ["u"])) == []
    assert touched(impact(graph, "nobody/knows/v1", ["u"])) == []


def test_a_circle_ends(mesh: Mesh) -> None:
    mesh.product("g/g/v1", {"k": ["h/h/v1.k"]}, declares={"h/h/v1": None})
    mesh.product("h/h/v1", {"k": ["g/g/v1.k"]}, declares={"g/g/v1": None})
    (graph,) = mesh.graph()
    assert touched(impact(graph, "g/g/v1", ["k"])) == [(1, "h/h/v1", ["k"])]
    walk = walk_columns(graph, "g/g/v1", "k", up=None, down=None)
    assert set(walk.levels) == {"g/g/v1.k", "h/h/v1.k"}
    depths = depths_of(graph.nodes(), graph.edges())
    assert {depths["g/g/v1"], depths["h/h/v1"]} == {0, 1}


def test_products_are_followed_up_and_down(graph: Graph) -> None:
    walk = walk_products(graph, "b/b/v1", up=None, down=None)
    assert walk.levels == {"b/b/v1": 0, "a/a/v1": -1, "c/c/v1": 1, "e/e/v1": 2}
    assert walk_products(graph, "b/b/v1", up=0, down=1).levels == {"b/b/v1": 0, "c/c/v1": 1}


def test_columns_are_followed_to_the_source_and_to_rows(graph: Graph) -> None:
    walk = walk_columns(graph, "b/b/v1", "s", up=None, down=None)
    assert walk.levels == {
        "b/b/v1.s": 0,
        "a/a/v1.x": -1,
        "a/a/v1/source:file.raw": -2,
        "c/c/v1.t": 1,
    }
    rows = walk_columns(graph, "a/a/v1", "y", up=0, down=None)
    assert rows.levels == {"a/a/v1.y": 0, "b/b/v1.*": 1}
    assert walk_columns(graph, "d/d/v1", "z", up=None, down=None).levels == {"d/d/v1.z": 0}


def test_unknown_is_told_from_made_of_no_column(mesh: Mesh) -> None:
    mesh.product(
        "f/f/v1", {"p": ["d/d/v1.z"], "q": ["d/d/v1.one"], "r": ["e/e/v1.t"], "s": ["c/c/v1.u"]}
    )
    mesh.product("g/g/v1", {"n": []}, declares={"a/a/v1": None}, reads={"a/a/v1": ()})
    (graph,) = mesh.graph()

    def told(port: str, column: str, up: int | None = None) -> tuple[set[str], set[str]]:
        walk = walk_columns(graph, port, column, up=up, down=None)
        return set(walk.unknown), set(walk.made_of_none)

    assert told("d/d/v1", "z") == ({"d/d/v1.z"}, set())
    assert told("d/d/v1", "one") == (set(), {"d/d/v1.one"})
    assert told("d/d/v1", "z", up=0) == told("d/d/v1", "one", up=0) == (set(), set())
    assert told("f/f/v1", "p") == ({"d/d/v1.z"}, set())
    assert told("f/f/v1", "q") == (set(), {"d/d/v1.one"})
    assert told("f/f/v1", "s") == (set(), {"b/b/v1.n"})
    assert told("e/e/v1", "t") == told("f/f/v1", "r") == ({"e/e/v1.t"}, set())
    assert told("g/g/v1", "n") == (set(), {"g/g/v1.n"})
    assert told("a/a/v1", "x") == told("f/f/v1", "p", up=1) == (set(), set())
    assert told("nobody/knows/v1", "x") == ({"nobody/knows/v1.x"}, set())


def codes(graph: Graph) -> list[tuple[str, str]]:
    return [(each.code, each.subject) for each in graph_findings(graph.nodes(), graph.edges())]


def test_what_nobody_reads_is_told_except_what_people_read(mesh: Mesh) -> None:
    mesh.product("p/p/v1", {}, archetype=Archetype.CONSUMER_ALIGNED)
    mesh.product("q/q/v1", {}, status=Status.DRAFT)
    (graph,) = mesh.graph()
    assert codes(graph) == [("MESH-L043", "d/d/v1"), ("MESH-L043", "e/e/v1")]


def test_what_is_declared_and_what_is_read_are_held_against_each_other(mesh: Mesh) -> None:
    mesh.product(
        "r/r/v1", {"k": ["a/a/v1.x"]}, declares={"a/a/v1": ("x", "y")}, reads={"a/a/v1": ("x",)},
        archetype=Archetype.CONSUMER_ALIGNED,
    )  # fmt: skip
    mesh.product(
        "s/s/v1", {"k": []}, declares={"a/a/v1": None}, reads={"a/a/v1": ()},
        archetype=Archetype.CONSUMER_ALIGNED,
    )  # fmt: skip
    mesh.product(
        "t/t/v1", {"k": []}, reads={"b/b/v1": ("n",)}, archetype=Archetype.CONSUMER_ALIGNED
    )
    (graph,) = mesh.graph()
    found = {each.subject: each for each in graph_findings(graph.nodes(), graph.edges())}
    assert found["r/r/v1"].code == found["s/s/v1"].code == "MESH-L040"
    assert "it declares y of a/a/v1" in found["r/r/v1"].message
    assert "it declares an input port on a/a/v1" in found["s/s/v1"].message
    assert found["t/t/v1"].code == "MESH-L041"


def test_a_long_chain_is_told_with_its_products(mesh: Mesh) -> None:
    for at in range(1, 6):
        above = {f"k/k{at - 1}/v1": None} if at > 1 else {"a/a/v1": None}
        mesh.product(f"k/k{at}/v1", {}, declares=above)
    (graph,) = mesh.graph()
    nodes, edges = graph.nodes(), graph.edges()
    deep = [each for each in graph_findings(nodes, edges) if each.code == "MESH-L042"]
    assert [each.subject for each in deep] == ["k/k4/v1", "k/k5/v1"]
    assert "a/a/v1 → k/k1/v1 → k/k2/v1 → k/k3/v1 → k/k4/v1" in deep[0].message
    depths = depths_of(nodes, edges)
    assert (depths["a/a/v1"], depths["k/k5/v1"]) == (0, 5)


def test_names_of_columns_may_hold_anything(mesh: Mesh) -> None:
    odd = "a.b/c:d <e>"
    mesh.product("m/m/v1", {odd: ["a/a/v1.x"]}, declares={"a/a/v1": None})
    mesh.product("n/n/v1", {}, declares={"m/m/v1": None})
    (graph,) = mesh.graph()
    walk = walk_columns(graph, "m/m/v1", odd, up=None, down=None)
    assert walk.levels[f"m/m/v1.{odd}"] == 0
    assert walk.levels["a/a/v1.x"] == -1
    picture = picture_of_columns(graph, walk)
    assert "a.b/c:d &lt;e&gt;" in page(picture, "")
    assert "<e>" not in page(picture, "")
    assert "#60;e#62;" in mermaid(picture)
    assert odd in dot(picture)


@pytest.mark.parametrize("large", [False, True])
def test_a_map_bears_products_that_nobody_tells_of(
    mesh: Mesh, large: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    mesh.product("m/m/v1", {}, declares={"gone/away/v1": None, "gone/away": None})
    monkeypatch.setattr(map_, "_DETAILED", 0 if large else 400)
    (graph,) = mesh.graph()
    nodes, edges = graph.nodes(), graph.edges()
    found = map_.map_page(map_.Mapped("<small>", nodes, edges, tuple(graph_findings(nodes, edges))))
    assert "&lt;small&gt;" in found
    assert found.count('class="arrow') == 4


def test_what_another_domain_calls_no_address_ends_the_way_up(mesh: Mesh) -> None:
    key = "a/discovery.json"
    found = mesh.storage.read(key)
    told = b'"source":"file","column":"raw"'
    assert told in found
    for name in (b"<script>", b"mesh://A/B", b"*", b"q/r/v" + b"9" * 99):
        hostile = b'"address":"' + name + b'","column":"raw"'
        mesh.storage.write(key, found.replace(told, hostile))
        for graph in mesh.graph():
            walk = walk_columns(graph, "c/c/v1", "t", up=None, down=None)
            assert walk.levels["a/a/v1.x"] == -2
            assert page(picture_of_columns(graph, walk), "").count("<script") == 1


@pytest.mark.parametrize(
    "key",
    [
        "evil/a/b/c.json",
        "evil/a.json",
        "a/a/version.json",
        "a/a/v.json",
        "a/a/v01.json",
        "a/a/v99999.json",
        "a/a_v1/v1.json",
        "a/A/v1.json",
        "evil/a\N{ARABIC-INDIC DIGIT ONE}/v1.json",
        "evil/x/\udcff.json",
        "\udcff/x/v1.json",
        "\udcff/discovery.json",
    ],
)
def test_files_that_are_no_documents_are_passed_over(mesh: Mesh, tmp_path: Path, key: str) -> None:
    before = answers(mesh)
    stray = tmp_path / "registry" / key
    stray.parent.mkdir(parents=True, exist_ok=True)
    stray.write_text('{"schemaVersion": 1, "product": {"status": "active"}}')
    assert answers(mesh) == before
    mesh.file.unlink()
    assert answers(mesh) == before


def answers(mesh: Mesh) -> tuple[Any, ...]:
    """What a map, who asks what breaks, and a search are told."""
    (graph,) = mesh.graph()
    nodes, edges = graph.nodes(), graph.edges()
    with Index(mesh.file, mesh.storage) as index:
        found = index.ask(lambda connection: search(connection, ""))
    return (
        [(each.domain, each.name) for each in nodes],
        list(graph_findings(nodes, edges)),
        graph.readers("a/a/v1"),
        impact(graph, "b/b/v1"),
        found,
    )


def test_a_domain_alone_is_no_product_that_is_read(mesh: Mesh) -> None:
    mesh.product("a/vessels/v1", {})
    mesh.product("f/f/v1", {})
    key = "f/discovery.json"
    port = b'"inputPorts":[{"name":"in","contractId":"mesh://a"}],'
    found = mesh.storage.read(key)
    mesh.storage.write(key, found.replace(b'"product":{', b'"product":{' + port))
    (graph,) = mesh.graph()
    assert ends(graph.reads("f/f/v1")) == [("f/f/v1", "a")]


def test_so_many_edges_are_followed_and_it_is_told(
    mesh: Mesh, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(20):
        mesh.product(f"w/w{number}/v1", {"x": ["a/a/v1.x"]}, reads={"a/a/v1": ("x",)})
    (graph,) = mesh.graph()
    whole = impact(graph, "a/a/v1", ["x"])
    monkeypatch.setattr(impacts, "MOST", 10)
    cut = impact(graph, "a/a/v1", ["x"])
    assert whole.whole
    assert not cut.whole
    assert 10 <= cut.edges < whole.edges
    assert {each.depth for each in cut.affected} == {1}
    assert {each.node.path for each in cut.affected} < {each.node.path for each in whole.affected}
