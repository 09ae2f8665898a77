"""The named forms of texts, and dates written as texts, on every engine alike."""

from __future__ import annotations

import base64
import ipaddress
import uuid
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesh_dagster.contracts.audit.run import audit
from mesh_dagster.contracts.rules.compile import rules
from mesh_dagster.contracts.rules.formats import text_format
from mesh_dagster.contracts.rules.kinds import Format, Unsupported
from mesh_dagster.contracts.rules.moments import PatternError, moment_format
from mesh_dagster.model.contract import Contract, Property
from mesh_dagster.model.types import ColumnType, Kind

Open = Callable[[pl.DataFrame], Any]
Promise = Callable[..., Contract]

TEXTS: dict[str, tuple[list[str], list[str]]] = {
    "email": (
        ["a@b.co", "first.last+tag@sub.example.com", "o'neil@x-y.org"],
        ["a@b", "@b.co", "a@", "a b@c.de", "a@b..co", ".a@b.co", "a@b.co\n", "a@-b.co"],
    ),
    "uuid": (
        ["123e4567-e89b-12d3-a456-426614174000", "00000000-0000-0000-0000-00000000000F"],
        ["123e4567e89b12d3a456426614174000", "123e4567-e89b-12d3-a456-42661417400", "{x}"],
    ),
    "uri": (
        ["https://a.b/c?d=e#f", "urn:isbn:1", "mailto:a@b.co", "file:///tmp/x%20y"],
        ["//a.b", "a b", "1http://x", "http://a b", "http://a/%zz", "http:", "http://a#b#c"],
    ),
    "hostname": (
        ["localhost", "a.b-c.example", "x" * 63 + ".de"],
        ["-a.b", "a-.b", "a..b", "a_b", "x" * 64, "a.b.", ""],
    ),
    "ipv4": (
        ["0.0.0.0", "255.255.255.255", "10.1.2.3"],
        ["256.1.1.1", "1.1.1", "01.1.1.1", "1.1.1.1.1", "1.1.1.1\n"],
    ),
    "ipv6": (
        ["::", "::1", "2001:db8::1", "1:2:3:4:5:6:7:8", "1::", "::ffff:1.2.3.4", "1:2:3:4:5:6:7::"],
        ["1:2:3:4:5:6:7", "1::2::3", ":::", "12345::", "1:2:3:4:5:6:7:8:9", "::1.2.3.256", "g::"],
    ),
    "date": (
        ["2024-02-29", "1999-12-31"],
        ["2023-02-29", "2024-1-1", "01/02/2024", "2024-04-31", "2024-01-01T00:00:00Z"],
    ),
    "date-time": (
        ["2024-02-29T10:00:00Z", "1990-12-31t23:59:60z", "2024-01-01 00:00:00.5+02:00"],
        ["2024-01-01T10:00:00", "2023-02-29T10:00:00Z", "2024-01-01", "2024-01-01T24:00:00Z"],
    ),
    "time": (
        ["10:00:00", "10:00:00Z", "23:59:59.123-08:00"],
        ["25:00:00", "10:00", "10:00:00+0200", "T10:00:00"],
    ),
    "byte": (["", "YQ==", "YWI=", "YWJj"], ["YQ=", "Y", "YW J", "YQ==YQ=="]),
}
MOMENTS: dict[str, tuple[list[str], list[str]]] = {
    "yyyy-MM-dd": (
        ["2024-02-29", "2000-02-29", "1999-12-31", "2023-04-30"],
        [
            "2023-02-29",
            "1900-02-29",
            "2023-04-31",
            "2023-13-01",
            "2023-1-01",
            "23-01-01",
            "2023-02-30",
        ],
    ),
    "dd.MM.yyyy HH:mm:ss": (
        ["31.01.2024 23:59:59"],
        ["31.11.2024 00:00:00", "01.01.2024 24:00:00"],
    ),
    "HH:mm:ss": (["00:00:00"], ["00:60:00", "0:00:00"]),
    "d MMM yyyy": (["1 Feb 2024", "29 Feb 2024"], ["30 Feb 2024", "01 Feb 2024x", "29 Feb 2023"]),
    "yyyy-MM-dd'T'HH:mm:ss.SSSXXX": (
        ["2024-01-01T00:00:00.123Z", "2024-01-01T00:00:00.123+02:00"],
        ["2024-01-01T00:00:00.12Z", "2024-01-01 00:00:00.123Z", "2024-01-01T00:00:00.123+0200"],
    ),
    "yyyy'Q'": (["2024Q"], ["2024", "2024q"]),
    "hh:mm a": (["12:00 AM"], ["13:00 AM", "00:00 PM"]),
}


@pytest.mark.parametrize("name", TEXTS)
def test_a_form_of_texts_takes_what_it_should_and_nothing_else(
    promise: Promise, opened: Open, name: str
) -> None:
    good, bad = TEXTS[name]
    column = Property("a", "string", type=ColumnType(Kind.STRING), options={"format": name})
    (_, rule) = rules(promise(column))
    assert isinstance(rule, Format)
    for texts, broken in ((good, 0), (bad, len(bad))):
        (result,) = audit([rule], opened(pl.DataFrame({"a": [*texts, None]})))
        assert result.failed == broken, (name, result.message, texts)


@pytest.mark.parametrize("pattern", MOMENTS)
def test_dates_as_texts_are_dates_of_the_calendar(
    promise: Promise, opened: Open, pattern: str
) -> None:
    good, bad = MOMENTS[pattern]
    column = Property(
        "a",
        "date",
        physical_type="varchar",
        type=ColumnType(Kind.STRING),
        options={"format": pattern},
    )
    (_, rule) = rules(promise(column))
    assert isinstance(rule, Format)
    for texts, broken in ((good, 0), (bad, len(bad))):
        (result,) = audit([rule], opened(pl.DataFrame({"a": texts})))
        assert result.failed == broken, (pattern, texts)


def fits(form: Any, text: str) -> bool:
    frame = pl.DataFrame({"a": [text]})
    column = pl.col("a").str
    every = frame.select(pl.all_horizontal(column.contains(each) for each in form.patterns)).item()
    refused = [frame.select(column.contains(each)).item() for each in form.refused]
    return bool(every) and not any(refused)


@given(st.dates(date(1, 1, 1), date(9999, 12, 31)))
def test_every_day_of_the_calendar_is_one(day: date) -> None:
    assert fits(moment_format("uuuu-MM-dd"), day.isoformat())


@given(st.integers(1600, 2400), st.integers(0, 14), st.integers(0, 33))
def test_no_other_day_is(year: int, month: int, day: int) -> None:
    try:
        date(year, month, day)
        there = True
    except ValueError:
        there = False
    assert fits(moment_format("yyyyMMdd"), f"{year:04}{month:02}{day:02}") is there


@given(st.datetimes(datetime(1000, 1, 1)))  # noqa: DTZ001 - as texts have none
def test_moments_that_python_writes_are_read(moment: datetime) -> None:
    form = moment_format("yyyy-MM-dd'T'HH:mm:ss.SSSSSS")
    assert fits(form, moment.isoformat(timespec="microseconds"))
    assert not fits(form, (moment.replace(microsecond=0) + timedelta(0)).isoformat())


@given(st.ip_addresses(v=6))
def test_addresses_of_version_6_are_known_in_both_of_their_lengths(
    address: ipaddress.IPv6Address,
) -> None:
    form = text_format("ipv6")
    assert fits(form, address.compressed)
    assert fits(form, address.exploded)


@given(st.text("0123456789abcdef:.", max_size=24))
def test_what_is_no_address_of_version_6_is_none(text: str) -> None:
    try:
        there = ipaddress.IPv6Address(text) is not None
    except ValueError:
        there = False
    assert fits(text_format("ipv6"), text) is there


@given(st.uuids(), st.ip_addresses(v=4), st.binary(max_size=20))
def test_what_others_write_is_of_its_form(
    identifier: uuid.UUID, address: ipaddress.IPv4Address, data: bytes
) -> None:
    assert fits(text_format("uuid"), str(identifier))
    assert fits(text_format("ipv4"), str(address))
    assert fits(text_format("byte"), base64.b64encode(data).decode())


@pytest.mark.parametrize("pattern", ["", "''", "yyyy-ww", "GGGG", "yyyyy"])
def test_a_pattern_that_cannot_be_checked_says_so(promise: Promise, pattern: str) -> None:
    with pytest.raises(PatternError):
        moment_format(pattern)
    column = Property("a", "date", type=ColumnType(Kind.STRING), options={"format": pattern})
    (_, rule) = rules(promise(column))
    assert isinstance(rule, Unsupported)


@pytest.mark.parametrize("name", ["password", "binary"])
def test_forms_that_every_text_has_are_carried(promise: Promise, name: str) -> None:
    column = Property("a", "string", type=ColumnType(Kind.STRING), options={"format": name})
    assert len(rules(promise(column))) == 1
