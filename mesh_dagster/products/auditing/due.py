"""Rules with a schedule: too dear for each publication, so each is evaluated when it is due.

A rule is due when its schedule named a moment since it was evaluated last; when that was never,
of another wording of the rule, or did not pass, it is due too. So nothing fails by a verdict on
data that is gone, and what is corrected is looked at again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from zlib import crc32

from mesh_dagster import clock
from mesh_dagster.contracts.rules.kinds import Rule
from mesh_dagster.descriptors.cron import last_tick
from mesh_dagster.model.domain import LoadedProduct
from mesh_dagster.model.finding import RuleResult, Verdict
from mesh_dagster.products.mesh import Mesh


@dataclass(frozen=True, slots=True)
class Due:
    """The rules to evaluate now, and of those that are not due their last results."""

    now: tuple[Rule, ...]
    later: dict[str, RuleResult]

    def completed(
        self,
        rules: Iterable[Rule],
        results: Sequence[RuleResult],
        keys: Iterable[str | None],
        port: str | None,
    ) -> tuple[RuleResult, ...]:
        """The results in the order of rules, with those that are carried on for each partition."""
        asked = {rule.id: rule for rule in rules}
        dated = [_dated(each, asked[each.rule]) for each in results]
        carried = [
            _carried(last, asked[name], key, port)
            for key in dict.fromkeys([*keys, *(each.partition for each in results)])
            for name, last in self.later.items()
        ]
        order = {name: position for position, name in enumerate(asked)}
        places = {key: at for at, key in enumerate(dict.fromkeys(each.partition for each in dated))}
        return tuple(
            sorted(
                (*dated, *carried),
                key=lambda each: (places.get(each.partition, len(places)), order[each.rule]),
            )
        )


def due(mesh: Mesh, loaded: LoadedProduct, port: str, rules: Sequence[Rule]) -> Due:
    """Which of the rules of a port are to be evaluated now. One query, where any is scheduled."""
    scheduled = {rule.id: rule for rule in rules if rule.schedule}
    if not scheduled:
        return Due(tuple(rules), {})
    product = loaded.product.address
    with mesh.journal(product.domain) as journal:
        last = journal.last_evaluated(product.path, port or None, list(scheduled))
    now = clock.now()
    later = {
        name: last[name]
        for name, rule in scheduled.items()
        if name in last and not _is_due(rule, last[name], now)
    }
    return Due(tuple(rule for rule in rules if rule.id not in later), later)


def _is_due(rule: Rule, last: RuleResult, now: datetime) -> bool:
    if last.verdict is not Verdict.PASSED or last.promise != _promise(rule):
        return True
    at = last.evaluated_at
    return at is None or last_tick(rule.schedule or "", now, at) is not None


def _dated(result: RuleResult, rule: Rule) -> RuleResult:
    if not rule.schedule or result.evaluated_at is not None:
        return result
    return replace(result, evaluated_at=clock.now(), promise=_promise(rule))


def _carried(last: RuleResult, rule: Rule, key: str | None, port: str | None) -> RuleResult:
    """A last result, with the word that it is one."""
    told = f"not due since {last.evaluated_at:%Y-%m-%d %H:%M} UTC, when it was: "
    message = last.message if last.message.startswith(told) else told + last.message
    return replace(
        last,
        message=message,
        severity=rule.severity,
        port=port,
        partition=key,
        where=rule.where,
    )


def _promise(rule: Rule) -> str:
    """A checksum of all that a rule says; where it stands is no part of that."""
    return f"{crc32(repr(replace(rule, where=None)).encode()):08x}"
