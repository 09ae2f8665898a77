"""What `mesh dev` hands over to Dagster, which it becomes."""

from __future__ import annotations

import subprocess
import sys

import pytest

_ASK = """
import signal
from mesh_dagster.cli.dev import hear_interrupts
hear_interrupts()
print(signal.getsignal(signal.SIGINT) is not signal.SIG_IGN)
"""


@pytest.mark.parametrize("started", ['trap "" INT; exec "$0" "$@"', 'exec "$0" "$@"'])
def test_what_a_script_started_in_the_background_can_be_interrupted(started: str) -> None:
    command = ["sh", "-c", started, sys.executable, "-c", _ASK]
    told = subprocess.run(command, capture_output=True, text=True, check=True)
    assert told.stdout == "True\n"
