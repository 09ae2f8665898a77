"""What a contract promises of time: service levels, and how long data is kept."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mesh_dagster.model.finding import Finding
from mesh_dagster.model.policy import Moment
from mesh_dagster.policies.examples import LEVELS, contract, described, example
from mesh_dagster.policies.policy import Policy
from mesh_dagster.policies.standard.columns import stated_contracts
from mesh_dagster.policies.standard.severities import NEEDED, WANTED
from mesh_dagster.policies.view import View


class ServiceLevels(Policy):
    """A port promises a service level that is measured, from beta on.

    Whoever builds on it has to know how fresh, how whole or how often new it will be, and what is
    promised is measured from the journal: `mesh slo`. Freshness, latency, frequency, availability,
    completeness, accuracy and others count (slaProperties of the contract); retention alone does
    not.
    """

    id = "service-levels-stated"
    rationale = "Trust is a promise that is kept in the open."
    moments = frozenset({Moment.BUILD})
    severity = NEEDED

    def check(self, view: View) -> Iterator[Finding]:
        from mesh_dagster.slos.objectives import objectives_of

        for port, stated in stated_contracts(view):
            if not objectives_of(stated, port, view.described.partitioning):
                yield self.finding(
                    view,
                    "its contract promises no service level that could be measured",
                    port=port,
                    where=stated.where,
                    fix="slaProperties: [{property: freshness, value: 26, unit: h}]",
                )

    @staticmethod
    def passing() -> View:
        return example()

    @staticmethod
    def failing() -> View:
        return _with_levels(*LEVELS[2:])


class Retention(Policy):
    """A port says for how long its data is kept.

    As the service level `retention` of its contract, a span of time. By it old publications are
    removed; and data about people may not be kept longer than it is needed for.
    """

    id = "retention-declared"
    rationale = "What is kept for ever is paid, and answered for, for ever."
    moments = frozenset({Moment.BUILD})
    severity = WANTED

    def check(self, view: View) -> Iterator[Finding]:
        for port, stated in stated_contracts(view):
            level = stated.service_level("retention")
            if level is None or level.span is None:
                yield self.finding(
                    view,
                    "its contract does not say for how long its data is kept",
                    port=port,
                    where=stated.where if level is None else level.where,
                    fix="slaProperties: [{property: retention, value: 90, unit: d}]",
                )

    @staticmethod
    def passing() -> View:
        return example()

    @staticmethod
    def failing() -> View:
        return _with_levels(*LEVELS[:2])


def _with_levels(*levels: Any) -> View:
    return example(described(contracts={"": contract(levels=levels)}))
