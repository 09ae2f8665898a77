"""Processes that begin at the same moment, however long each takes to get ready.

Each says `ready` in a line of its own, and waits for a line of input.
"""

from __future__ import annotations

import subprocess
from collections.abc import Sequence


def at_once(commands: Sequence[Sequence[str]]) -> list[str]:
    """Run such processes, and let them go together; what each printed after that."""
    racers = [
        subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for command in commands
    ]
    for racer in racers:
        assert racer.stdout is not None
        assert racer.stdout.readline() == "ready\n", racer.communicate()
    for racer in racers:
        assert racer.stdin is not None
        racer.stdin.write("now\n")
        racer.stdin.flush()
    told = [racer.communicate() for racer in racers]
    assert [(racer.returncode, err) for racer, (_, err) in zip(racers, told, strict=True)] == [
        (0, "")
    ] * len(racers)
    return [out for out, _ in told]
