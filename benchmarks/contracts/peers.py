"""The tools that a contract could be tested with instead, each in an environment of its own.

Environments are kept beside the generated data, in `mesh-bench-peers`, and made when they are
not there; one that does not install is skipped with a word.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import measure


@dataclass(frozen=True, slots=True)
class Peer:
    """What to install, the script that asks it, and whether a contract's file is all it needs."""

    name: str
    script: str
    requirements: tuple[str, ...]
    environment: str
    env: Mapping[str, str] = field(default_factory=dict)
    reads_contracts: bool = False

    @property
    def python(self) -> Path:
        return _root() / self.environment / "bin" / "python"

    def installed(self) -> str | None:
        """Make the environment unless it is there; why it cannot be, in a line."""
        done = _root() / self.environment / "installed"
        stated = "\n".join(self.requirements)
        if done.exists() and done.read_text() == stated:
            return None
        try:
            _run(sys.executable, "-m", "venv", "--clear", str(done.parent))
            _run(str(self.python), "-m", "pip", "install", "--quiet", *self.requirements)
        except subprocess.CalledProcessError as error:
            return (error.stderr.strip().splitlines() or ["it does not install"])[-1]
        done.write_text(stated)
        return None


_QUIET = {
    "DATACONTRACT_TELEMETRY": "0",
    "SODA_CORE_TELEMETRY_ENABLED": "false",
    "GX_ANALYTICS_ENABLED": "false",
    "DO_NOT_TRACK": "1",
    "TQDM_DISABLE": "1",
}
_PANDERA = ("pandera[polars]==0.35.0", "pandas>=3", "pyarrow")

PEERS = (
    Peer(
        "datacontract-cli 1.2.8",
        "by_datacontract.py",
        ("datacontract-cli[duckdb,parquet]==1.2.8",),
        "datacontract",
        _QUIET,
        reads_contracts=True,
    ),
    Peer("vowl 0.0.7", "by_vowl.py", ("vowl==0.0.7",), "vowl", _QUIET, reads_contracts=True),
    Peer(
        "Soda core 4, in its own contract language",
        "by_soda.py",
        ("soda-duckdb>=4,<5",),
        "soda",
        _QUIET,
        reads_contracts=True,
    ),
    Peer(
        "pandera 0.35, Polars",
        "by_pandera.py",
        _PANDERA,
        "pandera",
        _QUIET | {"PANDERA_ENGINE": "polars"},
    ),
    Peer(
        "pandera 0.35, pandas",
        "by_pandera.py",
        _PANDERA,
        "pandera",
        _QUIET | {"PANDERA_ENGINE": "pandas"},
    ),
    Peer(
        "Great Expectations 1.24",
        "by_great_expectations.py",
        ("great_expectations==1.24.*", "pandas", "pyarrow"),
        "gx",
        _QUIET,
    ),
)


def _root() -> Path:
    return measure.cache_root().with_name("mesh-bench-peers")


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True, text=True)
