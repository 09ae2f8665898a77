"""Start one code location of the reference mesh, against a plain one with as many assets.

    python benchmarks/start_location.py [--domain flights] [--runs 5]

From the start of `dagster api grpc`, which is what Dagster starts for a code location, to its
first answer to a ping, which is after it has loaded. The parsed-model cache is warm.
"""

from __future__ import annotations

import argparse
import socket
import sys
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import bars
import load_location
import measure

ROOT = Path(__file__).resolve().parents[1]
_PING = "/api.DagsterApi/Ping"
_PATIENCE = 120


def results(domain: str, runs: int) -> list[bars.Result]:
    """The location of one domain, all processes whole."""
    package = ROOT / "domains" / domain / "src" / domain
    env = {"MESH_CACHE": str(measure.cache_folder("models-reference"))}
    own, external, _ = load_location.counted(
        load_location.load(package / "definitions.py", {**env, "PYTHONPATH": str(package.parent)})
    )
    plain = {"PLAIN_ASSETS": str(own), "PLAIN_EXTERNAL": str(external)}
    against = f"a plain location of {own + external} assets"
    what = f"start of the location `{domain}`, to serving"
    module = ["--module-name", f"{domain}.definitions", "--working-directory", package.parent]
    sides = {
        against: partial(_serve, ["--python-file", load_location.PLAIN], plain),
        what: partial(_serve, module, env),
    }
    taken = measure.interleave(sides, runs=runs)
    return bars.compared(taken, {what: bars.Bar(wall=1.25, peak=1.25)}, against)


def _serve(target: measure.Command, env: Mapping[str, str]) -> measure.Run:
    port = _free_port()
    command = [sys.executable, "-m", "dagster", "api", "grpc", "--port", str(port), *target]
    home = measure.cache_folder("dagster-home")
    env = {**env, **load_location.QUIET, "DAGSTER_HOME": str(home)}
    return measure.run(command, env=env, cwd=ROOT, ready=_answers(port))


def _answers(port: int) -> Callable[[], None]:
    def wait() -> None:
        _wait_until_open(port)
        import grpc

        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            channel.unary_unary(_PING)(b"", timeout=_PATIENCE, wait_for_ready=True)

    return wait


def _wait_until_open(port: int) -> None:
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end:
        with socket.socket() as tried:
            if tried.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.005)
    raise TimeoutError(port)


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--domain", default="flights")
    parser.add_argument("--runs", type=int, default=5)
    arguments = parser.parse_args()
    print(bars.table(results(arguments.domain, arguments.runs)))


if __name__ == "__main__":
    main()
