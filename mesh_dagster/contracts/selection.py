"""Which rules of a contract are asked for: by id, kind, dimension or tag."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from mesh_dagster.contracts.rules.kinds import Rule
from mesh_dagster.descriptors.odcs_shape import DIMENSIONS
from mesh_dagster.descriptors.suggest import did_you_mean, nearest
from mesh_dagster.errors import UsageError
from mesh_dagster.model.contract import Property, SchemaObject


@dataclass(slots=True)
class Selection:
    """Words that name rules: an id (`id_unique`, `orders.*`), a kind, a dimension or a tag."""

    only: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()
    _met: set[str] = field(default_factory=set)
    _groups: set[str] = field(default_factory=set)
    """Of the words that were met those that are no ids."""
    _used: set[str] = field(default_factory=set)
    _taken: bool = False
    _tags: dict[str, Mapping[str, frozenset[str]]] = field(default_factory=dict)
    """Of each table that was asked about: finding them walks the whole table."""

    def takes(self, rule: Rule, table: SchemaObject) -> bool:
        """Whether a rule is asked for."""
        if not self.only and not self.skip:
            return True
        if table.name not in self._tags:
            self._tags[table.name] = _tags(table)
        tags = self._tags[table.name].get(rule.where or "", ())
        groups = {rule.kind, *tags} | ({rule.dimension} if rule.dimension else set())
        names = {rule.id, f"{table.name}.{rule.id}"} | groups
        self._groups |= groups
        self._met |= names
        wanted = [word for word in self.only if _names(word, names)]
        unwanted = [word for word in self.skip if _names(word, names)]
        self._used.update(wanted, unwanted)
        taken = (bool(wanted) or not self.only) and not unwanted
        self._taken |= taken
        return taken

    def refuse_unused(self) -> None:
        """Raise `UsageError` for a word that named no rule, or where no rule is left.

        A dimension of the standard is nothing misspelt where a contract has no rule of it.
        """
        for word in (*self.only, *self.skip):
            if word not in self._used and word not in DIMENSIONS and self._met:
                among = self._met if nearest(word, self._met) else self._groups
                near = did_you_mean(word, sorted(among))
                raise UsageError(
                    f"no rule has the id, kind, dimension or tag {word!r}{near}",
                    code="MESH-C020",
                    fix="--json lists each rule with its id, kind and dimension",
                )
        if self._met and not self._taken:
            raise UsageError("no rule is left of what is asked for and skipped", code="MESH-C020")


def _names(word: str, names: set[str]) -> bool:
    return word in names or any(fnmatchcase(name, word) for name in names)


def _tags(table: SchemaObject) -> Mapping[str, frozenset[str]]:
    """For each line that rules come from, the tags there and of what it lies in."""
    own = _stated(table.rest)
    found = {table.where or "": own}
    found |= {each.where or "": own | _stated(each.rest) for each in table.quality}
    for each in table.properties:
        found.update(_of_column(each, own))
    return found


def _of_column(column: Property, above: frozenset[str]) -> Iterator[tuple[str, frozenset[str]]]:
    own = above | _stated(column.rest)
    yield column.where or "", own
    for quality in column.quality:
        yield quality.where or "", own | _stated(quality.rest)
    for link in column.relationships:
        yield link.where or "", own
    for each in column.parts:
        yield from _of_column(each, own)


def _stated(rest: Mapping[str, Any]) -> frozenset[str]:
    tags = rest.get("tags")
    return frozenset(map(str, tags)) if isinstance(tags, list | tuple) else frozenset()
