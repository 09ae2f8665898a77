"""`lineage` of mesh.yaml and domain.yaml: what a misspelling, a secret or a wrong span is told."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from mesh_dagster.descriptors.domain import domain_problems, read_domain
from mesh_dagster.descriptors.mesh import mesh_problems, read_mesh
from mesh_dagster.model.finding import Severity

HTTP = {"type": "http", "url": "https://x.example/api/v1/lineage"}


def written(folder: Path, lineage: object) -> Path:
    file = folder / "mesh.yaml"
    stated = {"schemaVersion": 1, "name": "m", "storage": "s", "lineage": lineage}
    file.write_text(yaml.safe_dump(stated))
    return file


def test_what_is_said_is_read(tmp_path):
    stated = {
        "namespace": "prod://{domain}",
        "keep": "7d",
        "timeout": "5s",
        "retry": {"first": "1s", "longest": "1h"},
        "sinks": {"marquez": {**HTTP, "token": "${TOKEN}", "timeout": 3}},
    }
    file = written(tmp_path, stated)
    assert mesh_problems(file) == ()
    found = read_mesh(file).lineage
    assert found is not None
    assert (found.namespace, found.keep, found.timeout) == ("prod://{domain}", 7 * 86400, 5)
    assert (found.first, found.longest) == (1, 3600)
    assert [each.name for each in found.sinks] == ["marquez"]


@pytest.mark.parametrize(
    ("lineage", "code", "told"),
    [
        ({"sink": {}}, "MESH-D007", "`sinks`"),
        ({"sinks": {"a": {"type": "htp"}}}, "MESH-D060", "http"),
        ({"sinks": {"a": {**HTTP, "tokn": "${T}"}}}, "MESH-D007", "token"),
        ({"sinks": {"a": {**HTTP, "token": "s3cr3t"}}}, "MESH-D061", "the sink `a`"),
        ({"sinks": {"a": {"type": "http"}}}, "MESH-D009", "url"),
        ({"sinks": {"a": {**HTTP, "compression": "zip"}}}, "MESH-D008", "gzip"),
        ({"sinks": {"a": {**HTTP, "timeout": 0}}}, "MESH-D008", "0, expected a number above 0"),
        ({"sinks": {"a": {**HTTP, "timeout": float("inf")}}}, "MESH-D008", "above 0"),
        ({"keep": "soon"}, "MESH-D008", "keep"),
        ({"namespace": "no url"}, "MESH-D008", "namespace"),
        ({"namespace": "mesh://{team}"}, "MESH-D008", "{domain}"),
        ({"internalAssets": True}, "MESH-D007", "internalAssets"),
    ],
)
def test_what_is_wrong_is_told_at_its_line(tmp_path, lineage, code, told):
    (found,) = mesh_problems(written(tmp_path, lineage))
    assert found.code == code
    assert told in f"{found.message} {found.fix}"
    assert "mesh.yaml:" in (found.where or "")
    assert "s3cr3t" not in str(found)


def test_a_domain_says_for_itself_what_is_told(tmp_path):
    stated = {"name": "shop", "team": "t", "lineage": {"internalAssets": True, "keep": "1d"}}
    (tmp_path / "domain.yaml").write_text(yaml.safe_dump(stated))
    assert [e for e in domain_problems(tmp_path) if e.severity is Severity.ERROR] == []
    found = read_domain(tmp_path).lineage
    assert found is not None
    assert found.internal_assets
