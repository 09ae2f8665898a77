"""Discoverable: who looks for such a product finds it, and knows its purpose and whom to ask."""

from __future__ import annotations

from mesh_dagster.model.score import Side
from mesh_dagster.scoring.rule import Dimension, Look, edit, named, rule
from mesh_dagster.scoring.subject import Subject


@rule("purpose", Side.DECLARED, worth=2)
def _purpose(subject: Subject) -> Look:
    product = subject.described.product
    if (product.purpose or "").strip():
        return Look(1, "its purpose is stated", product.where)
    fix = edit(product.where, "description: {purpose: what it is for}")
    return Look(0, "no purpose is stated", product.where, fix)


@rule("owner", Side.DECLARED, worth=2)
def _owner(subject: Subject) -> Look:
    product = subject.described.product
    team = product.team or subject.about.team
    owners = [each.username for each in product.members if (each.role or "").lower() == "owner"]
    share = (bool(team) + bool(owners)) / 2
    lacks = "" if owners else "nobody of it is the owner"
    said = f"of {team}" if team else "no team is stated"
    evidence = "; ".join(each for each in (said, lacks or f"owned by {named(owners)}") if each)
    fix = edit(product.where, "team: {name: ..., members: [{username: ..., role: owner}]}")
    return Look(share, evidence, product.where, fix)


@rule("contact", Side.DECLARED)
def _contact(subject: Subject) -> Look:
    product = subject.described.product
    channels = product.rest.get("support")
    if subject.about.contact or (isinstance(channels, list) and channels):
        return Look(1, "there is a channel to ask by", product.where)
    fix = edit(product.where, "support: [{channel: ..., url: mailto:...}]")
    return Look(
        0, "no channel to ask by: no `support`, no contact of the domain", product.where, fix
    )


@rule("tags", Side.DECLARED)
def _tags(subject: Subject) -> Look:
    product = subject.described.product
    if product.tags:
        return Look(1, f"tagged {named(product.tags)}", product.where)
    return Look(0, "it has no tags", product.where, edit(product.where, "tags: [...]"))


@rule("registered", Side.OBSERVED)
def _registered(subject: Subject) -> Look:
    domain = subject.described.domain
    if subject.observed.registered:
        return Look(1, f"told in the discovery document of {domain}")
    fix = f"mesh registry write {domain}"
    return Look(0, f"not in the discovery document of {domain}", fix=fix)


DISCOVERABLE = Dimension("discoverable", 15, "1", (_purpose, _owner, _contact, _tags, _registered))
