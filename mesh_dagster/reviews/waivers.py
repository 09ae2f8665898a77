"""Waivers: rules that an owner lets not block, for a while or for a partition.

A waived rule is evaluated and reported like any other. Its result says who waived it until when,
and keeps nothing from being published.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from mesh_dagster.model.finding import POLICY, RuleResult
from mesh_dagster.model.review import Action, Rule, Ruling


def is_waived(ruling: Ruling, rule: Rule, partition: str | None) -> bool:
    """Whether a decision waives a rule in a partition, as long as it holds at all."""
    if ruling.action is not Action.WAIVE or rule not in ruling.rules:
        return False
    return ruling.until is not None or partition in {key for _, key in ruling.covers}


@dataclass(frozen=True, slots=True)
class Waivers:
    """What is waived at a moment. `rulings` that waive nothing are passed over."""

    rulings: tuple[Ruling, ...] = ()
    now: datetime | None = None

    def marked(self, results: Iterable[RuleResult], partition: str | None) -> list[RuleResult]:
        """What was said of a partition, with the waiver at each rule that has one and does not
        hold."""
        return [self._marked(each, partition) for each in results]

    def _marked(self, result: RuleResult, partition: str | None) -> RuleResult:
        if result.holds or result.kind == POLICY:
            return result  # a policy is waived by those who govern it
        rule = (result.port or "", result.rule)
        found = _longest([each for each in self._holding() if is_waived(each, rule, partition)])
        by, until = (None, None) if found is None else (found.by.name, found.until)
        # The waiver that is recorded with a result may have ended since.
        return replace(result, waived_by=by, waived_until=until)

    def _holding(self) -> Iterable[Ruling]:
        return (each for each in self.rulings if self.now is None or each.holds(self.now))


NO_WAIVERS = Waivers()


def _longest(found: Sequence[Ruling]) -> Ruling | None:
    """The waiver that ends last; one that does not end is for the partition alone."""
    endless = [each for each in found if each.until is None]
    return endless[-1] if endless else max(found, key=lambda each: str(each.until), default=None)
