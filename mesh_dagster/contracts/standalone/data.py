"""Which data a contract is held against: what was given, or what a server of it has."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mesh_dagster.contracts.files.matching import FoundData, data_given, data_served
from mesh_dagster.contracts.files.places import places_of
from mesh_dagster.contracts.rules.servers import Server, server_named, servers
from mesh_dagster.contracts.standalone.asked import Options
from mesh_dagster.errors import MeshError, UsageError
from mesh_dagster.model.contract import Contract


def data_to_test(
    contract: Contract, data: Sequence[str], options: Options, folder: Path
) -> FoundData:
    """The data of each table that has some, in the contract's order.

    Without `data` it is what the contract's server (the only one, or the one that `options`
    name) has; `folder` is the contract's. Raises `UsageError` where it cannot be told which data
    is meant, `EvaluationError` where nothing is there.
    """
    for each in data:
        _refuse_what_flows(each)
    found = _found(contract, data, options, folder)
    if not found.sets:
        raise UsageError("there is no data to test", code="MESH-C021", fix="--data PATH")
    order = {table.name: at for at, table in enumerate(contract.schema)}
    found.sets.sort(key=lambda each: order[each.table.name])
    return found


def _refuse_what_flows(given: str) -> None:
    """Raise `UsageError` for data that is no file of this machine."""
    if Path(given).exists():
        return
    if "://" in given:
        problem, fix = (
            f"{given} is not on this machine",
            "bring it here, and say where: --data PATH",
        )
    elif given.rpartition("=")[2] == "-":
        problem = "data is read more than once, and what a pipe says is read once only"
        fix = "write it to a file first: cat > data.csv"
    else:
        return
    raise UsageError(problem, code="MESH-C021", fix=fix)


def _found(contract: Contract, data: Sequence[str], options: Options, folder: Path) -> FoundData:
    known = servers(contract)
    if options.server is not None:
        server = server_named(contract, options.server)
        return data_given(contract, data, server) if data else data_served(contract, server, folder)
    if data:
        return data_given(contract, data, _describing(contract, known, data, folder))
    if len(known) == 1:
        return data_served(contract, known[0], folder)
    names = ", ".join(each.name for each in known)
    raise UsageError(
        f"which data? The contract has {len(known)} servers ({names})"
        if known
        else "which data? The contract has no server",
        code="MESH-C021",
        fix=f"--server {known[0].name}, or --data PATH" if known else "--data PATH",
    )


def _describing(
    contract: Contract, known: Sequence[Server], data: Sequence[str], folder: Path
) -> Server | None:
    """The server that describes data which is given: the one whose place it lies at."""
    given = {str(Path(each.partition("=")[2] or each).absolute()) for each in data}
    for server in known:
        try:
            places = places_of(server, contract.schema[0], folder)
        except MeshError:
            continue
        if given & {str(Path(each).absolute()) for each in places}:
            return server
    return known[0] if len(known) == 1 and _tells_how(known[0]) else None


def _tells_how(server: Server) -> bool:
    """Whether it says how its files are written, of whatever format they are."""
    return server.type.lower() in ("local", "custom") or server.format == "duckdb"
