"""What the columns of a chain of SQL models are made of, as dbt compiles them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mesh_dagster.lineage.columns.relation import NOTHING, Relation
from mesh_dagster.lineage.columns.sql import Uncertain, relation_from_sql

_MOST_ROUNDS = 20


@dataclass(frozen=True, slots=True)
class Model:
    """One table or view of a project. `relation` is its whole name, as the SQL of others has it.

    `sql` None: it is made by something that is not read here. `columns` are those of a file that
    is part of the project, and made of no input. `grows`: what was there before stays in it.
    """

    relation: tuple[str, ...]
    sql: str | None = None
    columns: tuple[str, ...] | None = None
    grows: bool = False


@dataclass(frozen=True, slots=True)
class Models:
    """Models in the order in which they are built, and what they call the input ports."""

    models: tuple[Model, ...]
    inputs: Mapping[str, tuple[str, ...]]


def relation_from_models(made: Models, inputs: Mapping[str, Relation]) -> Relation:
    """The last of these models, each made of those before it and of the inputs, by port.

    Raises `Uncertain`.
    """
    known: dict[str, Relation] = {}
    for port, names in made.inputs.items():
        if port in inputs:
            known |= dict.fromkeys(_names(names), inputs[port])
    found: Relation | None = None
    for model in made.models:
        try:
            found = _relation(model, known)
        except Uncertain:
            if model is made.models[-1]:
                raise
            continue
        known |= dict.fromkeys(_names(model.relation), found)
    if found is None:
        raise Uncertain("there is no model")
    return found


def _relation(model: Model, known: Mapping[str, Relation]) -> Relation:
    if model.columns is not None:
        return Relation(tuple((name, NOTHING) for name in model.columns))
    if model.sql is None:
        raise Uncertain(f"{'.'.join(model.relation)} is made by something else than SQL")
    found = relation_from_sql(model.sql, known)
    for _ in range(_MOST_ROUNDS if model.grows else 0):
        # It reads itself as it was: whatever it was made of, it goes on being made of.
        again = relation_from_sql(
            model.sql, {**known, **dict.fromkeys(_names(model.relation), found)}
        )
        if again == found:
            break
        found = again
    return found


def _names(relation: tuple[str, ...]) -> list[str]:
    """All the ways to write the name: with the database and the schema, or without."""
    return [".".join(relation[at:]) for at in range(len(relation))]
