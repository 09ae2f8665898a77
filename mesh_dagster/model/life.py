"""The life of a product as one machine: draft, alpha, beta, stable, deprecated, retired."""

from __future__ import annotations

from enum import StrEnum

from mesh_dagster.model.product import Product, Stage, Status


class Move(StrEnum):
    """What an owner does with the life of a product."""

    PROMOTE = "promote"
    DEPRECATE = "deprecate"
    RETIRE = "retire"


_LEADS_TO: dict[tuple[Stage, Move], Stage] = {
    (Stage.DRAFT, Move.PROMOTE): Stage.ALPHA,
    (Stage.ALPHA, Move.PROMOTE): Stage.BETA,
    (Stage.BETA, Move.PROMOTE): Stage.STABLE,
    (Stage.ALPHA, Move.DEPRECATE): Stage.DEPRECATED,
    (Stage.BETA, Move.DEPRECATE): Stage.DEPRECATED,
    (Stage.STABLE, Move.DEPRECATE): Stage.DEPRECATED,
    # What was shown to few is dropped at once; what everybody may build on is deprecated before.
    (Stage.DRAFT, Move.RETIRE): Stage.RETIRED,
    (Stage.ALPHA, Move.RETIRE): Stage.RETIRED,
    (Stage.BETA, Move.RETIRE): Stage.RETIRED,
    (Stage.DEPRECATED, Move.RETIRE): Stage.RETIRED,
}


def life_of(product: Product) -> Stage:
    """Where in its life a product is, by its status and, while it is active, its stage."""
    match product.status:
        case Status.PROPOSED | Status.DRAFT:
            return Stage.DRAFT
        case Status.DEPRECATED:
            return Stage.DEPRECATED
        case Status.RETIRED:
            return Stage.RETIRED
    return product.stage


def moved(stage: Stage, move: Move) -> Stage | None:
    """Where a move leads from a stage; None where it cannot be made from there."""
    return _LEADS_TO.get((stage, move))
