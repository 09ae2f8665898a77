"""The events of a mesh, a line each: bodies.py ROOT FILE"""

from __future__ import annotations

import gzip
import sqlite3
import sys
from pathlib import Path

with sqlite3.connect(Path(sys.argv[1]) / ".mesh/journals/shop.db") as journal:
    found = journal.execute("select packed from run_events order by number")
    lines = [gzip.decompress(packed) for (packed,) in found]
Path(sys.argv[2]).write_bytes(b"\n".join(lines))
