"""Who answers for a product."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mesh_dagster.model.discovery import About
from mesh_dagster.model.finding import Finding
from mesh_dagster.model.ownership import OWNER, present
from mesh_dagster.model.policy import Moment
from mesh_dagster.policies.examples import example
from mesh_dagster.policies.policy import Policy
from mesh_dagster.policies.standard.severities import NEEDED
from mesh_dagster.policies.view import View

_MAKERS = frozenset({"developer", "engineer", "scientist"})


class OwnerAndContact(Policy):
    """A product has an owner, a developer and a contact.

    Its owner decides about it, is told of its incidents and asked for access; its developer makes
    it, and is told when a run fails; its contact is where everybody else asks. Owner and developer
    are members of the team with these roles, in product.odps.yaml, the contract or domain.yaml (a
    `data engineer` or `data scientist` is a developer too), who have not left (`dateOut`); the
    contact is `support` of the
    product, or `contact` of its domain.
    """

    id = "owner-and-contact"
    rationale = "Nobody can rely on data for which nobody answers."
    moments = frozenset({Moment.BUILD})
    severity = NEEDED

    def check(self, view: View) -> Iterator[Finding]:
        roles = {(each.role or "").strip().lower() for each in present(view.people, view.today)}
        if OWNER not in roles:
            told = "nobody of its team has the role `owner`"
            yield self.finding(view, told, fix=_member("owner"))
        if not any(_MAKERS & set(re.split(r"[^a-z]+", role)) for role in roles):
            told = "nobody of its team has the role `developer`"
            yield self.finding(view, told, fix=_member("developer"))
        if not (view.domain.contact or view.product.rest.get("support")):
            told = "neither it nor its domain says where to ask"
            yield self.finding(view, told, fix=f"contact: {view.domain.name}@…, in domain.yaml")

    @staticmethod
    def passing() -> View:
        return example()

    @staticmethod
    def failing() -> View:
        return example(people=(), domain=About("shop", "Shop Operations"))


def _member(role: str) -> str:
    return f"team: {{members: [{{username: …, role: {role}}}]}}"
