"""Bitol ODPS 0.9 and 1.0 text <-> `Product`."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any

from mesh_dagster.descriptors import deprecation, syntax, writing
from mesh_dagster.descriptors.custom import KEY, Custom, with_custom
from mesh_dagster.descriptors.files import DESCRIPTOR
from mesh_dagster.descriptors.odps_shape import PRODUCT
from mesh_dagster.descriptors.shape import TEXT, Choice, ListOf
from mesh_dagster.descriptors.source import Map, Source, shown, shown_path
from mesh_dagster.descriptors.version import check_semver, check_standard, major_of
from mesh_dagster.errors import AddressError
from mesh_dagster.model.access import LONGEST_PURPOSE
from mesh_dagster.model.address import SCHEME, Address, is_name
from mesh_dagster.model.product import (
    STATED,
    Archetype,
    InputPort,
    Member,
    OutputPort,
    Product,
    Stage,
    Status,
)

SOURCE = "source:"
NEWEST = "v1.0.0"
_KNOWN = ("0.9", "1.0")
_ARCHETYPES = Choice(tuple(Archetype))
_STAGES = Choice(STATED)
_TYPED = ("archetype", "stage", "useCases", deprecation.NAME)
_FIELDS = {"apiVersion", "kind", "id", "name", "domain", "version", "status", "description"}
_FIELDS |= {"tags", "inputPorts", "outputPorts", "team", "customProperties"}
_NOWHERE = Address("unknown", "unknown", 0)
"""Stands for an address that could not be read; what holds it is never handed out."""


def read(text: str, name: str = DESCRIPTOR) -> Product:
    """A descriptor from its text. Raises `DescriptorError` with all that is wrong."""
    source = Source(name)
    return _finished(product_from_document(syntax.read(text, source), source), source)


def read_file(path: Path) -> Product:
    """A descriptor from its file. Raises `DescriptorError` with all that is wrong."""
    source = Source(shown_path(path))
    return _finished(product_from_document(syntax.read_file(path, source), source), source)


def write(product: Product) -> str:
    """A product's descriptor as YAML that reads back as the same product."""
    return writing.write(document_from_product(product))


def _finished(product: Product | None, source: Source) -> Product:
    source.refuse()
    assert product is not None, "no product and no error"  # noqa: S101
    return product


def product_from_document(data: Map | None, source: Source) -> Product | None:
    """The product that a document describes; what is wrong with it is in `source`.

    None when there is no document. The value is good only if `source` has no error.
    """
    if data is None:
        return None
    source.subject = source.subject or str(data.get("id", ""))[:200].removeprefix(SCHEME)
    PRODUCT.check(data, source)
    check_standard(data, "ODPS", _KNOWN, NEWEST, source)
    check_semver(data, "version", source)
    address = _address(data, source)
    custom = Custom(data, source)
    if "archetype" not in custom:
        message = f"the custom property `archetype` is missing; one of {', '.join(Archetype)}"
        fix = "customProperties: [{property: archetype, value: source-aligned}]"
        source.report("MESH-D009", message, data.line_of("customProperties"), fix=fix)
    description, team = data.get("description", {}), data.get("team", {})
    return Product(
        address=address,
        version=data.get("version", "0.0.0"),
        status=Status(data.get("status", "draft")),
        archetype=Archetype(custom.take("archetype", _ARCHETYPES, "aggregate")),
        stage=Stage(custom.take("stage", _STAGES, "alpha")),
        purpose=description.get("purpose"),
        limitations=description.get("limitations"),
        usage=description.get("usage"),
        inputs=_inputs(data, address, source),
        outputs=_outputs(data, address, source),
        team=team.get("name"),
        members=tuple(_member(each) for each in team.get("members", ())),
        tags=tuple(data.get("tags", ())),
        use_cases=tuple(custom.take("useCases", ListOf(TEXT), ())),
        deprecation=deprecation.deprecation_from(custom, address, source),
        api_version=data.get("apiVersion", NEWEST),
        where=source.at(data.line),
        rest=_rest(data, custom),
    )


def _address(data: Map, source: Source) -> Address:
    """The product's address, from `id` and the major of `version`, with `name` and `domain`."""
    text, major = data.get("id"), major_of(data.get("version", ""))
    if text is None:
        return _NOWHERE
    found = parse_address(text, "id", data.line_of("id"), source)
    if found is None:
        return _NOWHERE
    if found.port is not None:
        message = f"`id` is {text}, the address of a port, expected that of the product"
        source.report("MESH-D014", message, data.line_of("id"), fix=f"id: {found.of_product}")
    if found.major not in (None, major) and major is not None:
        message = f"`id` says major {found.major}, `version` is {data['version']}"
        source.report("MESH-D021", message, data.line_of("id"))
    for key, expected in (("name", found.product), ("domain", found.domain)):
        if data.get(key, expected) != expected:
            message = f"`{key}` is {shown(data[key])}, `id` says {expected}"
            source.report("MESH-D021", message, data.line_of(key), fix=f"{key}: {expected}")
    return _NOWHERE if major is None else Address(found.domain, found.product, major)


def parse_address(text: str, key: str, line: int, source: Source) -> Address | None:
    """An address with `mesh://` before it; None, and a finding, when the text is none."""
    if text.startswith(SCHEME):
        try:
            return Address.parse(text)
        except AddressError as error:
            source.report("MESH-D014", f"`{key}`: {error.what}", line, fix=error.fix)
            return None
    message = f"`{key}` is {shown(text)}, expected mesh://<domain>/<product>/v<major>[/<port>]"
    source.report("MESH-D014", message, line)
    return None


def _inputs(data: Map, own: Address, source: Source) -> tuple[InputPort, ...]:
    ports = []
    for each in data.get("inputPorts", ()):
        name, text = each.get("name"), each.get("contractId")
        if name is None or text is None:
            continue
        line, address, system = each.line_of("contractId"), None, None
        _check_name(each, source)
        if text.startswith(SOURCE):
            system = _system(text, line, source)
        else:
            address = parse_address(text, "contractId", line, source)
        if address and address.of_product == own:
            message = f"the input port `{name}` is a port of the product itself"
            source.report("MESH-D014", message, line)
        custom = Custom(each, source)
        rest = _kept(each, ("name", "version", "contractId", KEY))
        if kept := custom.rest(("columns", "purpose")):
            rest[KEY] = kept
        columns, version = _columns(each, custom, source), each.get("version", "")
        where = source.at(each.line)
        purpose = _purpose(custom, source)
        ports.append(InputPort(name, version, address, system, where, rest, columns, purpose))
    _check_unique([(port.name, port.where) for port in ports], "input port", source)
    return tuple(ports)


def _purpose(custom: Custom, source: Source) -> str | None:
    """What an input port is read for."""
    found = custom.take("purpose", TEXT)
    if found is None:
        return None
    if not found.strip() or len(found) > LONGEST_PURPOSE:
        length = f"{len(found.strip()):,} characters"
        message = f"`purpose` has {length}, expected 1 to {LONGEST_PURPOSE:,}"
        source.report("MESH-D008", message, custom.line("purpose"))
    return str(found)


def _columns(port: Map, custom: Custom, source: Source) -> tuple[str, ...] | None:
    """The columns that an input port declares to read."""
    found = custom.take("columns", ListOf(TEXT))
    if found is None:
        return None
    line = custom.line("columns")
    if port["contractId"].startswith(SOURCE):
        message = f"`columns` of `{port['name']}`, which is a source: its contract says them"
        source.report("MESH-C044", message, line, fix="remove it")
    elif not found or len(set(found)) < len(found):
        message = f"`columns` of `{port['name']}` is {found!r:.80}, expected names, each once"
        source.report("MESH-C044", message, line)
    return tuple(found)


def _system(text: str, line: int, source: Source) -> str | None:
    """`<system>/<name>` of `source:<system>/<name>`."""
    system, slash, name = text.removeprefix(SOURCE).partition("/")
    if system and slash and name and not any(letter.isspace() for letter in text):
        return f"{system}/{name}"
    message = f"`contractId` is {shown(text)}, expected {SOURCE}<system>/<name>"
    source.report("MESH-D014", message, line, fix=f"contractId: {SOURCE}erp/orders")
    return None


def _outputs(data: Map, own: Address, source: Source) -> tuple[OutputPort, ...]:
    ports: list[OutputPort] = []
    for each in data.get("outputPorts", ()):
        name, text = each.get("name"), each.get("contractId")
        if name is None or text is None:
            continue
        check_semver(each, "version", source)
        line = each.line_of("contractId")
        address = parse_address(text, "contractId", line, source)
        if address is None:
            continue
        _check_output(address, name, own, first=not ports, line=line, source=source)
        rest = _kept(each, ("name", "version", "contractId", "description"))
        where, version = source.at(each.line), each.get("version", "")
        ports.append(OutputPort(name, version, address, each.get("description"), where, rest))
    _check_unique([(port.name, port.where) for port in ports], "output port", source)
    _check_unique([(str(port.address), port.where) for port in ports], "address", source)
    if "outputPorts" in data and not data["outputPorts"]:
        message = "a product serves at least one output port; `outputPorts` is empty"
        source.report("MESH-D009", message, data.line_of("outputPorts"))
    return tuple(ports)


def _check_output(
    address: Address, name: str, own: Address, *, first: bool, line: int, source: Source
) -> None:
    """The first port has the product's own address, every other one its name behind that."""
    if own is _NOWHERE:
        return
    if not first and not is_name(name):
        message = f"the output port's name {shown(name)} cannot stand in an address"
        source.report("MESH-D014", message, line)
        return
    expected = own if first else own.with_port(name)
    if address != expected:
        which = "the first output port has the product's address" if first else "by its name it is"
        message = f"`contractId` is {address}; {which} {expected}"
        source.report("MESH-D021", message, line, fix=f"contractId: {expected}")


def _check_name(port: Map, source: Source) -> None:
    if not is_name(port["name"]):
        message = (
            f"the input port's name {shown(port['name'])} cannot name a parameter of a transform:"
            " lower case, beginning with a letter, words joined by single underscores"
        )
        source.report("MESH-D014", message, port.line_of("name"))


def _check_unique(names: list[tuple[str, str | None]], what: str, source: Source) -> None:
    seen: dict[str, str | None] = {}
    for name, where in names:
        if name in seen:
            line = int((where or "").rpartition(":")[2] or 0) if where else 0
            message = f"the {what} `{name}` is declared twice; the first is at {seen[name]}"
            source.report("MESH-D015", message, line)
        seen.setdefault(name, where)


def _member(data: Map) -> Member:
    rest = _kept(data, ("username", "role", "name"))
    return Member(data.get("username", ""), data.get("role"), data.get("name"), rest)


def _kept(data: Map, typed: Collection[str]) -> dict[str, Any]:
    return {key: syntax.plain(value) for key, value in data.items() if key not in typed}


def _rest(data: Map, custom: Custom) -> dict[str, Any]:
    """What the standard allows and no field of `Product` holds."""
    rest = _kept(data, _FIELDS)
    for key, typed in (
        ("description", ("purpose", "limitations", "usage")),
        ("team", ("name", "members")),
    ):
        if kept := _kept(data.get(key, Map()), typed):
            rest[key] = kept
    if kept_custom := custom.rest(_TYPED):
        rest["customProperties"] = kept_custom
    return rest


def document_from_product(product: Product) -> dict[str, Any]:
    """A product as an ODPS document: plain values, keys in the standard's order."""
    rest = product.rest
    address = product.address
    document: dict[str, Any] = {
        "apiVersion": product.api_version,
        "kind": "DataProduct",
        "id": str(Address(address.domain, address.product)),
        "name": address.product,
        "domain": address.domain,
        "version": product.version,
        "status": product.status.value,
    }
    about = {"purpose": product.purpose, "limitations": product.limitations, "usage": product.usage}
    _put(document, "description", {**_present(about), **rest.get("description", {})})
    _put(document, "tags", list(product.tags))
    _put(document, "inputPorts", [_input_document(port) for port in product.inputs])
    _put(document, "outputPorts", [_output_document(port) for port in product.outputs])
    members = [_member_document(member) for member in product.members]
    team = {"name": product.team, "members": members or None}
    _put(document, "team", {**_present(team), **rest.get("team", {})})
    typed = {
        "archetype": product.archetype.value,
        "stage": product.stage.value,
        "useCases": list(product.use_cases) or None,
        deprecation.NAME: deprecation.stated(product.deprecation) or None,
    }
    with_custom(document, typed, rest)
    return {**document, **{key: rest[key] for key in rest if key not in document}}


def _input_document(port: InputPort) -> dict[str, Any]:
    target = str(port.address) if port.address else f"{SOURCE}{port.source}"
    document = {"name": port.name, "version": port.version, "contractId": target}
    with_custom(document, {"columns": port.columns, "purpose": port.purpose}, port.rest)
    return {**document, **{key: port.rest[key] for key in port.rest if key not in document}}


def _output_document(port: OutputPort) -> dict[str, Any]:
    about = _present({"description": port.description})
    named = {"name": port.name, "version": port.version, "contractId": str(port.address)}
    return {**named, **about, **port.rest}


def _member_document(member: Member) -> dict[str, Any]:
    about = _present({"name": member.name, "role": member.role})
    return {"username": member.username, **about, **member.rest}


def _put(document: dict[str, Any], key: str, value: Any) -> None:
    if value:
        document[key] = value


def _present(values: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value is not None}
