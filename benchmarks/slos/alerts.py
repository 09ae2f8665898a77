"""10,000 alerts through a webhook that fails half the time: do they all arrive, once, in order?

    python benchmarks/slos/alerts.py [--alerts 10000] [--products 500] [--journal URL]

The endpoint is a process of its own. Half of its answers are failures, of every kind: HTTP 500,
503 and 429, a connection that breaks before the request was taken, and one that breaks after it,
so that only the answer is lost. Each alert is a cause of its own, so that none is grouped with
another. Pauses between tries are shortened to hundredths of a second; everything else is as it is
in use. Exits with 1 when something is lost, without a key, out of order, or twice without reason.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

FAILURES = ("500", "503", "429", "dropped", "answer lost")
QUICK = {"first": "20ms", "longest": "100ms", "giveUp": "1h"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--alerts", type=int, default=10_000)
    parser.add_argument("--products", type=int, default=500)
    parser.add_argument("--journal", default="sqlite", help="as in mesh.yaml")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.serve:
        return serve()
    problems = sent(arguments.alerts, arguments.products, arguments.journal)
    print("\n".join(problems) or "nothing is lost, out of order, or twice without reason")
    sys.exit(1 if problems else 0)


def sent(alerts: int, products: int, journal: str) -> list[str]:
    """Send them all; what is wrong with how they arrived."""
    with tempfile.TemporaryDirectory(prefix="mesh-bench-") as folder:
        server = subprocess.Popen(
            [sys.executable, __file__, "--serve"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert server.stdout is not None
        os.environ["BENCH_HOOK"] = server.stdout.readline().strip()
        seconds, cpu, rounds = _tell(Path(folder), alerts, products, journal)
        taken, _ = server.communicate("end\n", timeout=60)
    requests = json.loads(taken)
    failed = sum(each["answer"] != "200" for each in requests)
    per = len(requests) / seconds
    print(
        f"{alerts} alerts of {products} products: {len(requests)} requests, {failed} failed; "
        f"{seconds:.1f} s, {cpu:.1f} s of CPU, {per:.0f} requests a second, {rounds} rounds"
    )
    return problems(requests, alerts)


def _tell(root: Path, alerts: int, products: int, journal: str) -> tuple[float, float, int]:
    from datetime import UTC, datetime

    from mesh_dagster.model.event import Event, EventKind
    from mesh_dagster.products.keeping.alerting import tell
    from mesh_dagster.products.mesh import Mesh
    from mesh_dagster.testing import write_mesh, write_product

    said = {
        "channels": {"hook": {"type": "webhook", "url": "${BENCH_HOOK}"}},
        "owners": ["hook"],
        "group": "0s",
        "coolDown": "0s",
        "retry": QUICK,
    }
    write_product(
        write_mesh(root, notifications=said, journal=journal), "bench/a/v1", {"n": "BIGINT"}
    )
    mesh = Mesh.open(root)
    (domain,) = mesh.domains
    noon = datetime(2013, 11, 8, 12, tzinfo=UTC)
    with mesh.journal("bench") as opened:
        opened.outbox.put(
            Event(
                EventKind.BREACHED,
                f"bench/p{number % products}/v1",
                noon,
                key=f"{number}",
                summary=f"{number:06}",
                cause=f"cause {number}",
            )
            for number in range(alerts)
        )
    watch, cpu, rounds = time.perf_counter(), time.process_time(), 0
    while True:
        rounds += 1
        tell(mesh, domain)
        with mesh.journal("bench") as opened:
            if not opened.outbox.health().waiting:
                break
        time.sleep(0.05)
    return time.perf_counter() - watch, time.process_time() - cpu, rounds


def problems(requests: Sequence[dict[str, Any]], alerts: int) -> list[str]:
    """What an alert must never do, found in what the endpoint took and answered."""
    found = []
    if any(not each["key"] for each in requests):
        found.append("a request came without an idempotency key")
    accepted = [each for each in requests if each["answer"] in ("200", "answer lost")]
    first: dict[str, dict[str, Any]] = {}
    lost: set[str] = set()
    for each in accepted:
        if each["key"] in first and each["key"] not in lost:
            found.append(f"{each['key']} came again, and nothing had failed")
        first.setdefault(each["key"], each)
        lost.discard(each["key"])
        if each["answer"] == "answer lost":
            lost.add(each["key"])
    told = defaultdict(list)
    for each in first.values():
        told[each["product"]].append(each["summary"])
    if sum(map(len, told.values())) != alerts:
        found.append(f"{sum(map(len, told.values()))} of {alerts} arrived")
    found += [f"{name} is out of order" for name, each in told.items() if each != sorted(each)]
    twice = len(accepted) - len(first)
    print(f"{len(first)} arrived, {twice} of them again after an answer that was lost")
    return found


def serve() -> None:
    """Answer until a line comes in, then print every request and its answer."""
    requests: list[dict[str, Any]] = []
    chance, lock = random.Random(2013), threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            (alert,) = body["alerts"]
            with lock:
                answer = chance.choice(FAILURES) if chance.random() < 0.5 else "200"
                requests.append(
                    {
                        "key": self.headers["Idempotency-Key"],
                        "answer": answer,
                        "product": alert["product"],
                        "summary": alert["summary"],
                    }
                )
            self.close_connection = True
            if not answer.isdigit():
                with suppress(OSError):
                    self.connection.close()
                return
            self.send_response(int(answer))
            self.send_header("Content-Length", "0")
            self.send_header("Connection", "close")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nobody reads it."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 256

    server = Server(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(f"http://127.0.0.1:{server.server_port}/", flush=True)
    sys.stdin.readline()
    print(json.dumps(requests))


if __name__ == "__main__":
    main()
