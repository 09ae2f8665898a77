"""What a side took, without its imports: seconds, CPU seconds and the peak of its memory."""

from __future__ import annotations

import json
import resource
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def timed() -> Iterator[Counter[str]]:
    """Print what the block took, with what it counted."""
    counted: Counter[str] = Counter()
    wall, cpu = time.perf_counter(), time.process_time()
    yield counted
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"wall": wall, "cpu": cpu, "peak": peak, "counted": counted}))
