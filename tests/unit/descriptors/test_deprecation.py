"""How a product ends is in its descriptor; what makes no sense there is told by its line."""

from __future__ import annotations

from datetime import date

import pytest

from mesh_dagster.descriptors import odps
from mesh_dagster.errors import DescriptorError
from mesh_dagster.model.address import Address
from mesh_dagster.model.product import Deprecation

TEXT = """\
apiVersion: v1.0.0
kind: DataProduct
id: mesh://air/flights
version: 1.0.0
status: deprecated
outputPorts:
- {name: flights, version: 1.0.0, contractId: "mesh://air/flights/v1"}
customProperties:
- {property: archetype, value: aggregate}
- {property: deprecation, value: STATED}
"""


def test_a_sunset_a_successor_and_a_reason_are_read() -> None:
    stated = "{sunset: 2014-01-31, instead: air/flights/v2, why: makers have one name}"
    found = odps.read(TEXT.replace("STATED", stated)).deprecation
    assert found == Deprecation(
        date(2014, 1, 31), Address("air", "flights", 2), "makers have one name"
    )


@pytest.mark.parametrize(
    ("stated", "code"),
    [
        ("{sunset: soon}", "MESH-D008"),
        ("{sunset: 20140131x}", "MESH-D008"),
        ("{sunset: 7}", "MESH-D008"),
        ("{sunset: 9999-12-31}", "MESH-D008"),
        ("tomorrow", "MESH-D008"),
        ("{instead: 'mesh://Air'}", "MESH-D014"),
        ("{instead: 'mesh://air/flights/v1'}", "MESH-D014"),
    ],
)
def test_what_makes_no_sense_is_told_by_its_line(stated: str, code: str) -> None:
    with pytest.raises(DescriptorError) as refused:
        odps.read(TEXT.replace("STATED", stated))
    assert [each.code for each in refused.value.findings] == [code]
    assert refused.value.findings[0].where == "product.odps.yaml:10"
