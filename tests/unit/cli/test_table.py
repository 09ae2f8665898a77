"""Tables fit 80 columns and hide nothing in silence."""

from __future__ import annotations

import click
from hypothesis import given
from hypothesis import strategies as st

from mesh_dagster.cli.table import Column, render, width_of

ROWS = [["departures", "mesh://flights/departures/v1", 6486], ["airports", None, 1458]]
COLUMNS = [Column("PRODUCT"), Column("ADDRESS", least=12), Column("ROWS", right=True)]


def _lines(text: str) -> list[str]:
    return click.unstyle(text).splitlines()


def test_a_table_that_fits_is_not_cut() -> None:
    assert _lines(render(COLUMNS, ROWS, width=80).text) == [
        "PRODUCT     ADDRESS                       ROWS",
        "departures  mesh://flights/departures/v1  6486",
        "airports    -                             1458",
    ]


def test_no_line_ends_in_blanks_coloured_or_not() -> None:
    state = Column("STATE", colours={"met": "green"})
    lines = _lines(render([COLUMNS[0], state], [["a", "met"], ["b", "breached"]], width=80).text)
    assert lines == ["PRODUCT  STATE", "a        met", "b        breached"]


def test_the_widest_column_gives_way_first_and_shows_that_it_was_cut() -> None:
    assert _lines(render(COLUMNS, ROWS, width=30).text) == [
        "PRODUCT     ADDRESS       ROWS",
        "departures  mesh://flig…  6486",
        "airports    -             1458",
    ]


def test_columns_without_room_leave_from_the_middle_and_are_counted() -> None:
    columns = [Column(f"column_{at}", least=8) for at in range(12)]
    table = render(columns, [["x" * 30] * 12], width=80)
    heading = _lines(table.text)[0]
    assert table.left_out == 12 - len(heading.split())
    assert heading.startswith("column_0")
    assert heading.endswith("column_…")
    assert all(len(line) <= 80 for line in _lines(table.text))


def test_columns_that_are_never_cut_stay_as_long_as_any_other_is_there() -> None:
    columns = [Column("KEY"), Column("A", least=8), Column("WHEN"), Column("B", least=8)]
    table = render(columns, [["k" * 8, "a" * 9, "w" * 10, "b" * 9]], width=30)
    assert _lines(table.text)[0].split() == ["KEY", "A", "WHEN"]
    assert table.left_out == 1


def test_wide_and_combining_characters_keep_columns_aligned() -> None:
    table = render([Column("NAME"), Column("N")], [["東京", 1], ["e\u0301", 2]], width=20)
    assert _lines(table.text)[1:] == ["東京  1", "e\u0301     2"]


def test_control_characters_in_data_cannot_drive_the_terminal() -> None:
    text = render([Column("X")], [["\x1b[31mred\nnext\t!"]], width=80).text
    assert _lines(text)[1] == "\\x1b[31mred⏎next !"


def test_a_cell_with_a_colour_is_styled_after_it_was_laid_out() -> None:
    column = Column("VERDICT", colours={"failed": "red"})
    plain, failed = render([column, Column("N")], [["passed", 1], ["failed", 2]]).text.splitlines()[
        1:
    ]
    assert plain == "passed   1"
    assert failed == click.style("failed ", fg="red") + "  2"


@given(
    st.lists(st.tuples(st.text(), st.text(), st.floats() | st.none()), max_size=5),
    st.integers(min_value=24, max_value=120),
)
def test_no_line_is_wider_than_the_terminal(
    rows: list[tuple[str, str, float | None]], width: int
) -> None:
    columns = [Column("A", least=4), Column("B", least=4), Column("C", least=4, right=True)]
    text = click.unstyle(render(columns, rows, width=width).text)
    lines = text.split("\n")
    assert len(lines) == len(rows) + 1
    assert all(width_of(line) <= width for line in lines)


_SENTENCE = "three rows beyond the first of (origin, local_date, local_hour); none is allowed"


def test_a_sentence_stands_below_its_row_where_the_table_has_no_room_for_it() -> None:
    columns = [Column("ID"), Column("WHAT", least=8, below=lambda row: row[0] != "good")]
    rows = [("bad", _SENTENCE), ("good", "all is well")]
    told = render(columns, rows, 40).text.splitlines()
    assert told[0].endswith("ID\x1b[0m")
    assert " ".join(each.strip() for each in told[2:-1]) == _SENTENCE
    assert told[-1] == "good"
    assert max(map(len, told[1:])) <= 40
    wide = render(columns, rows, 120).text.splitlines()
    assert wide[1:] == [f"bad   {_SENTENCE}", "good  all is well"]


def test_a_cell_that_wraps_is_whole_in_its_column() -> None:
    columns = [Column("NAME"), Column("DESCRIPTION", least=8, wraps=True)]
    told = render(columns, [("hour", _SENTENCE), ("day", "short")], 40).text.splitlines()
    assert told[1].startswith("hour  three rows")
    assert all(each.startswith(" " * 6) for each in told[2:-1])
    assert " ".join(each[6:].strip() for each in told[1:-1]) == _SENTENCE
    assert told[-1] == "day   short"
