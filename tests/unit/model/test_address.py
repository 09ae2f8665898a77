"""One grammar of addresses, and every form of one address means the same."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from mesh_dagster.errors import AddressError
from mesh_dagster.model.address import NAME, Address, is_name

names = st.from_regex(NAME, fullmatch=True).filter(is_name)
addresses = st.builds(Address, names, names, st.none() | st.integers(0, 9999), st.none() | names)


@given(addresses)
def test_an_address_reads_back_from_its_text_and_its_path(address: Address) -> None:
    assert Address.parse(str(address)) == address
    assert Address.parse(address.path) == address


@given(addresses)
def test_an_address_reads_back_from_its_sql_name(address: Address) -> None:
    assert Address.from_sql(address.sql_name) == address


@given(addresses, addresses)
def test_two_addresses_never_share_a_path_or_a_sql_name(one: Address, other: Address) -> None:
    assume(one != other)
    assert one.path != other.path
    assert one.sql_name != other.sql_name


@given(addresses)
def test_the_parts_of_an_address_are_safe_in_paths_and_keys(address: Address) -> None:
    assert "/".join(address.parts) == address.path
    assert all(part.isascii() and part.islower() and part.isprintable() for part in address.parts)
    assert ".." not in address.path
    assert "__" not in address.path


@given(st.text(max_size=40))
def test_any_text_is_an_address_or_is_refused(text: str) -> None:
    try:
        address = Address.parse(text)
    except AddressError as error:
        refused = error
    else:
        assert address.path == text.removeprefix("mesh://")
        return
    assert refused.fix


@given(addresses)
def test_a_product_is_its_address_without_the_port(address: Address) -> None:
    assert address.of_product.port is None
    assert address.of_product.with_port(address.port) == address


@pytest.mark.parametrize(
    "text",
    ["", "a", "a/b/c/d", "a/b/v1/c/d", "a//b", "a/b/", "/a/b", "http://a/b", "a/../b", "a/b\n"],
)
def test_another_number_of_parts_is_refused(text: str) -> None:
    with pytest.raises(AddressError, match="MESH-D001"):
        Address.parse(text)


@pytest.mark.parametrize(
    "text",
    [
        "A/b",
        "a/b/v01",
        "a/b/v10000",
        "a/b_v1",
        "a/v1",
        "1a/b",
        "a_/b",
        "a__b/c",
        "é/b",
        "a/" + "b" * 64,
    ],
)
def test_what_breaks_the_grammar_is_refused(text: str) -> None:
    with pytest.raises(AddressError, match="MESH-D001"):
        Address.parse(text)


@pytest.mark.parametrize("name", ["departures", "a..b", "a.b_v1__c__d", "a.", ".b"])
def test_what_is_no_sql_name_is_refused(name: str) -> None:
    with pytest.raises(AddressError):
        Address.from_sql(name)


@pytest.mark.parametrize("major", [-1, 10_000])
def test_a_major_has_at_most_four_digits(major: int) -> None:
    with pytest.raises(AddressError):
        Address("a", "b", major)


def test_a_bare_name_is_told_how_to_find_what_has_it() -> None:
    with pytest.raises(AddressError) as caught:
        Address.read("carriers")
    assert caught.value.fix == "mesh search carriers"
