"""Fuzz one target with atheris: coverage-guided, until it finds something or is stopped.

    pip install atheris
    python fuzz/run.py contract_text|data_file|sql_rule [libFuzzer's options]

For example `python fuzz/run.py data_file -max_total_time=600`. An input that takes more than 30
seconds or 2 GB is a finding too; what was found is written to the folder that it is run in.
"""

from __future__ import annotations

import sys
from pathlib import Path

import atheris

sys.path.insert(0, str(Path(__file__).resolve().parent))

with atheris.instrument_imports(include=["mesh_dagster", "yaml"]):
    import targets

LIMITS = ["-timeout=30", "-rss_limit_mb=2048"]


def seeds() -> list[str]:
    """Folders of inputs to begin with, written beside the target's findings."""
    folder = Path("fuzz-corpus", sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    begin = {
        "contract_text": [targets.ORDERS.encode()],
        "data_file": [b"\x00" + targets.ROWS.encode(), b'\x02{"id": 1, "tags": ["a"]}\n'],
        "sql_rule": [b"SELECT COUNT(*) FROM {model} WHERE {model}.amount < 0"],
    }[sys.argv[1]]
    for number, text in enumerate(begin):
        Path(folder, f"seed-{number}").write_bytes(text)
    return [str(folder)]


if __name__ == "__main__":
    if len(sys.argv) < 2 or sys.argv[1] not in targets.TARGETS:
        sys.exit(__doc__)
    atheris.Setup([sys.argv[0], *LIMITS, *seeds(), *sys.argv[2:]], targets.TARGETS[sys.argv[1]])
    atheris.Fuzz()
