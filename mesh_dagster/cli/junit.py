"""A report as JUnit XML, which every build server reads."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree

from mesh_dagster.model.finding import RuleResult, Verdict

if TYPE_CHECKING:
    from mesh_dagster.contracts.standalone.report import Report, Tested

_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_TAGS = {Verdict.FAILED: "failure", Verdict.ERROR: "error"}


def junit(report: Report, seconds: float) -> str:
    """One suite a table, one case a rule; a warning passes and says so."""
    root = ElementTree.Element("testsuites", name=_text(report.contract.id), time=f"{seconds:.3f}")
    for table in report.tables:
        _suite(root, table)
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(
        root, encoding="unicode"
    )


def _suite(root: ElementTree.Element, table: Tested) -> None:
    verdicts = [each.verdict for each in table.results]
    suite = ElementTree.SubElement(
        root,
        "testsuite",
        name=_text(table.table),
        tests=str(len(verdicts) + (table.error is not None)),
        failures=str(verdicts.count(Verdict.FAILED)),
        errors=str(verdicts.count(Verdict.ERROR) + (table.error is not None)),
        skipped=str(verdicts.count(Verdict.UNVERIFIED)),
    )
    if table.error is not None:
        case = ElementTree.SubElement(suite, "testcase", name="data", classname=_text(table.table))
        _say(case, "error", table.error.what, str(table.error))
    for each in table.results:
        _case(suite, each, table)


def _case(suite: ElementTree.Element, each: RuleResult, table: Tested) -> None:
    case = ElementTree.SubElement(
        suite, "testcase", name=_text(each.rule), classname=_text(f"{table.table}.{each.kind}")
    )
    at = f"\nat {each.where}" if each.where else ""
    if each.verdict in _TAGS:
        _say(case, _TAGS[each.verdict], each.message, each.message + at)
    elif each.verdict is Verdict.UNVERIFIED:
        ElementTree.SubElement(case, "skipped", message=_text(each.message))
    elif each.verdict is Verdict.WARNED:
        out = ElementTree.SubElement(case, "system-out")
        out.text = _text(f"warning: {each.message}{at}")


def _say(case: ElementTree.Element, tag: str, message: str, text: str) -> None:
    element = ElementTree.SubElement(case, tag, message=_text(message))
    element.text = _text(text)


def _text(text: str) -> str:
    """Without what no XML may hold; data can hold anything."""
    return _FORBIDDEN.sub("\ufffd", text)
