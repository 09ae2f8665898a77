"""What commands print for machines, of texts that other domains wrote."""

from __future__ import annotations

import json

import pytest

from mesh_dagster.cli.output import emit_json, emit_json_rows

HOSTILE = "\x1b[31m \x9b2J \u202eevil\u2066 \x7f \ud800 \U000e0041 \u2028"
PLAIN = "Zürich 飛行機 🛫"


def test_json_holds_no_character_that_drives_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    emit_json({HOSTILE: [HOSTILE, PLAIN]})
    said = capsys.readouterr().out
    assert all(each.isprintable() or each == "\n" for each in said)
    assert json.loads(said) == {HOSTILE: [HOSTILE, PLAIN]}
    assert PLAIN in said


def test_rows_of_json_hold_none_either(capsys: pytest.CaptureFixture[str]) -> None:
    emit_json_rows([{"text": HOSTILE}, {"text": PLAIN}])
    said = capsys.readouterr().out
    assert all(each.isprintable() or each == "\n" for each in said)
    assert json.loads(said) == [{"text": HOSTILE}, {"text": PLAIN}]
