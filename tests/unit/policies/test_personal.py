"""What looks personal is found, and what does not is left alone: laws, over generated values."""

from __future__ import annotations

import string
from datetime import date
from typing import Any

import pytest
from effort import examples
from hypothesis import given, settings
from hypothesis import strategies as st

from mesh_dagster.policies.examples import column, contract
from mesh_dagster.policies.standard import looks
from mesh_dagster.policies.standard.personal import (
    LONGEST,
    MOST,
    is_personal,
    look_of,
    name_of,
    personal_columns,
)

FEW = settings(max_examples=examples(120), deadline=None)
_LETTERS = st.text(string.ascii_letters, min_size=1, max_size=12)

_CODES = st.text(string.ascii_uppercase + string.digits, min_size=1, max_size=8)


def checked(digits: str) -> str:
    """With the check digit that makes it a number by Luhn."""
    return next(digits + each for each in string.digits if looks.luhn(digits + each))


def iban(country: str, account: str) -> str:
    """With its check digits."""
    number = "".join(str(int(each, 36)) for each in f"{account}{country}00")
    return f"{country}{98 - int(number) % 97:02}{account}"


EMAILS = st.builds(
    "{}.{}@{}.example".format, _LETTERS, _LETTERS, st.text("abc", min_size=1, max_size=9)
)
CARDS = st.one_of(
    *(st.integers(at * 10**13, (at + 1) * 10**13 - 1).map(str) for at in (40, 49, 51, 55)),
    st.integers(34 * 10**12, 35 * 10**12 - 1).map(str),
).map(checked)
ACCOUNTS = st.one_of(
    st.integers(0, 10**18 - 1).map(lambda each: iban("DE", f"{each:018}")),
    st.integers(0, 10**14 - 1).map(lambda each: iban("GB", f"BANK{each:014}")),
)
PHONES = st.one_of(
    st.builds(
        "+4{} {} {}".format, st.integers(0, 9), st.integers(100, 999), st.integers(10**6, 10**8 - 1)
    ),
    st.builds("({}) {}-{}".format, *(st.integers(low, 5 * low - 1) for low in (200, 200, 1000))),
)
LICENCES = st.builds(
    "{}.FCL.{}.{}A".format, st.sampled_from(["GBR", "DE"]), _CODES, st.integers(10**5, 10**6 - 1)
)

FOUND = [
    pytest.param(EMAILS, "e-mail addresses", id="e-mail"),
    pytest.param(CARDS, "payment cards", id="card"),
    pytest.param(CARDS.map(int), "payment cards", id="card as a number"),
    pytest.param(ACCOUNTS, "bank accounts (IBAN)", id="iban"),
    pytest.param(PHONES, "telephone numbers", id="phone"),
    pytest.param(LICENCES, "licences of flight crew", id="licence"),
]
"""Values of a kind, and what they are told to be."""

OTHERS = [
    pytest.param(st.integers(), id="whole numbers"),
    pytest.param(st.integers(10**12, 10**18), id="long whole numbers"),
    pytest.param(st.floats(allow_nan=False).map(str), id="measures"),
    pytest.param(st.floats(-180, 180).map("{:+.6f}".format), id="degrees"),
    pytest.param(
        st.builds("{:+09.5f}{:+010.5f}/".format, st.floats(-90, 90), st.floats(-180, 180)),
        id="places",
    ),
    pytest.param(st.dates().map(str), id="dates"),
    pytest.param(st.dates(), id="dates as such"),
    pytest.param(st.datetimes().map(lambda each: each.isoformat()), id="moments"),
    pytest.param(st.datetimes().map(lambda each: f"{each:%Y%m%d%H%M%S}"), id="moments in digits"),
    pytest.param(st.uuids().map(str), id="uuids"),
    pytest.param(st.binary(min_size=20, max_size=20).map(bytes.hex), id="digests"),
    pytest.param(_CODES, id="codes"),
    pytest.param(st.from_regex(r"N[0-9]{1,5}[A-Z]{0,2}", fullmatch=True), id="tail numbers"),
    pytest.param(st.from_regex(r"[A-Z]{2}[0-9]{1,4}", fullmatch=True), id="flight numbers"),
    pytest.param(st.from_regex(r"[0-9]{1,3}(\.[0-9]{1,3}){2,3}", fullmatch=True), id="versions"),
    pytest.param(st.from_regex(r"97[89]-[0-9]-[0-9]{2}-[0-9]{6}-[0-9]", fullmatch=True), id="isbn"),
    pytest.param(st.from_regex(r"[a-z]{1,9}@2x\.(png|svg)", fullmatch=True), id="names of files"),
    pytest.param(st.from_regex(r"[a-z]{1,9}@[0-9]\.[0-9]\.[0-9]", fullmatch=True), id="packages"),
    pytest.param(st.from_regex(r"git@[a-z]{1,9}\.example:[a-z]{1,9}", fullmatch=True), id="clones"),
    pytest.param(st.from_regex(r"(info|sales)@[a-z]{9}\.example", fullmatch=True), id="mailboxes"),
    pytest.param(st.lists(_LETTERS, max_size=9).map(" ".join), id="sentences"),
    pytest.param(st.booleans(), id="flags"),
    pytest.param(st.text(max_size=40), id="anything"),
]
"""Values of columns that are about nobody."""


@pytest.mark.parametrize(("values", "what"), FOUND)
def test_values_of_a_kind_are_found_whatever_the_column_is_called(
    values: st.SearchStrategy[Any], what: str
) -> None:
    @FEW
    @given(st.lists(values, min_size=6, max_size=20, unique=True))
    def found(sample: list[Any]) -> None:
        look = look_of("c1", sample)
        assert look is not None
        assert look == (what, len(sample), len(sample))

    found()


@pytest.mark.parametrize("values", OTHERS)
def test_values_that_are_about_nobody_are_left_alone(values: st.SearchStrategy[Any]) -> None:
    @FEW
    @given(st.lists(values, min_size=5, max_size=40))
    def quiet(sample: list[Any]) -> None:
        assert look_of("c1", sample) is None

    quiet()


@pytest.mark.parametrize(("values", "what"), FOUND)
def test_order_repetition_and_nothing_change_no_answer(
    values: st.SearchStrategy[Any], what: str
) -> None:
    @FEW
    @given(st.lists(values, min_size=6, max_size=20, unique=True), st.randoms())
    def same(sample: list[Any], chance: Any) -> None:
        other = [*sample, *sample, None, None, ""]
        chance.shuffle(other)
        assert look_of("c1", other) == look_of("c1", sample)

    same()


@FEW
@given(CARDS, st.integers(0, 30), st.integers(1, 9))
def test_a_card_with_one_digit_changed_is_none(card: str, place: int, by: int) -> None:
    assert looks.luhn(card)
    at = place % len(card)
    changed = f"{card[:at]}{(int(card[at]) + by) % 10}{card[at + 1 :]}"
    assert not looks.is_card(changed)


@FEW
@given(ACCOUNTS, st.integers(4, 30), st.integers(1, 9))
def test_a_bank_account_with_one_digit_changed_is_none(account: str, place: int, by: int) -> None:
    assert looks.is_iban(account)
    at = 8 + place % (len(account) - 8)
    changed = f"{account[:at]}{(int(account[at]) + by) % 10}{account[at + 1 :]}"
    assert not looks.is_iban(changed)


@pytest.mark.parametrize(
    "known",
    ["4111 1111 1111 1111", "5500-0000-0000-0004", "3782 822463 10005", "30569309025904"],
)
def test_cards_are_known_with_blanks_hyphens_or_nothing_between(known: str) -> None:
    assert looks.is_card(known)


def test_an_address_of_a_person_is_found_in_a_text() -> None:
    notes = [f"Call back on day {each}." for each in range(30)]
    assert look_of("note", notes) is None
    told = look_of("note", [*notes, "Write to Ada.L@company.example, please."])
    assert told == ("e-mail addresses", 1, 31)


@pytest.mark.parametrize(
    ("name", "values", "what"),
    [
        ("licence_no", ["1234567", "2345678"], "licences"),
        ("pilot_license", ["A 1234-56"], "licences"),
        ("surname", ["Okafor", "Mc Donald", "Ó Briain"], "names of people"),
        ("date_of_birth", [date(1980, 2, 3), date(1990, 4, 5)], "dates of birth"),
        ("mobile", ["0170 1234567"], "telephone numbers"),
        ("passport_number", ["C01X00T47"], "identity papers"),
    ],
)
def test_a_name_and_its_values_together_tell(name: str, values: list[Any], what: str) -> None:
    assert look_of(name, values) == (what, len(values), len(values))
    assert look_of("c1", values) is None
    assert name_of(name) == what


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("software_license", ["MIT", "Apache-2.0", "BSD-3-Clause"]),
        ("phone_calls", [12, 13]),
        ("email_count", [3, 4]),
        ("name", ["Newark Liberty Intl", "John F Kennedy Intl"]),
        ("airline_name", ["United Air Lines Inc."]),
        ("time_zone", ["America/New_York"]),
    ],
)
def test_a_name_that_only_sounds_like_it_tells_nothing(name: str, values: list[Any]) -> None:
    assert look_of(name, values) is None
    assert name_of(name) is None


def test_what_lies_in_lists_and_structures_is_looked_at() -> None:
    assert look_of("c1", [{"to": ["ada@company.example"]}, {"to": []}]) is not None
    assert look_of("c1", [[[[[["ada@company.example"]]]]]]) is not None


def test_a_sample_is_bounded_in_values_and_in_their_length() -> None:
    many = [f"word {each}" for each in range(MOST)]
    assert look_of("c1", [*many, *(f"a{each}@company.example" for each in range(MOST))]) is None
    assert look_of("c1", ["x" * LONGEST + " ada@company.example"]) is None
    hostile = ["a" * 100_000 + "@" + "a." * 50_000, "+1" + " 1" * 100_000, "4 " * 100_000]
    assert look_of("c1", hostile * 100) is None


@pytest.mark.parametrize(
    ("classification", "personal"),
    [
        ("pii", True),
        ("PII", True),
        ("personal data", True),
        ("confidential-personal", True),
        ("phi", True),
        ("non-pii", False),
        ("not personal", False),
        ("public", False),
        ("confidential", False),
        ("impersonal", False),
        (None, False),
    ],
)
def test_a_classification_says_whether_a_column_is_personal(
    classification: str | None, personal: bool
) -> None:
    assert is_personal(column("c1", classification=classification)) is personal


def test_a_column_that_holds_something_personal_is_personal() -> None:
    city = column("city", classification="pii")
    held = [column("order_id"), column("home", properties=(city,)), column("tags", items=city)]
    assert personal_columns(contract(columns=held)) == ["home", "tags"]
