"""What a command writes into where it is told a file."""

from __future__ import annotations

import os
from pathlib import Path
from threading import Thread

import pytest

from mesh_dagster.cli.results import replaced
from mesh_dagster.errors import EvaluationError


def test_a_pipe_is_written_to_and_stays_one(tmp_path: Path) -> None:
    pipe, read = tmp_path / "rows.csv", list[bytes]()
    os.mkfifo(pipe)
    reader = Thread(target=lambda: read.append(pipe.read_bytes()))
    reader.start()
    with replaced(pipe) as out:
        out.write(b"a,b\n")
    reader.join(10)
    assert read == [b"a,b\n"]
    assert pipe.is_fifo()
    assert list(tmp_path.iterdir()) == [pipe]


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match="cannot be written"), replaced(tmp_path):
        pass


def test_a_file_keeps_what_it_had_until_the_new_is_whole(tmp_path: Path) -> None:
    file = tmp_path / "rows.csv"
    file.write_text("old")
    with replaced(file) as out:
        out.write(b"new")
        out.flush()
        assert file.read_text() == "old"
    assert file.read_text() == "new"
    assert list(tmp_path.iterdir()) == [file]
