"""The policies that come with the mesh: `policies: {sets: [standard]}` in mesh.yaml."""

from __future__ import annotations

from mesh_dagster.policies.sets import PolicySet
from mesh_dagster.policies.standard.archetypes import (
    AggregateOfDomains,
    ConsumerAlignedHasUse,
    SourceAlignedReadsSources,
)
from mesh_dagster.policies.standard.carried import ClassificationCarried
from mesh_dagster.policies.standard.changes import (
    BreakingChangeHasMajor,
    DeprecationWindow,
    InputsLast,
)
from mesh_dagster.policies.standard.descriptions import ColumnsDescribed, PurposeAndUse
from mesh_dagster.policies.standard.entities import EntitiesTypedAlike
from mesh_dagster.policies.standard.kinds import NoSourceExposed, ReportIsNoProduct
from mesh_dagster.policies.standard.lineage import ChainDepth, DeclaredReadsMade, ReadsDeclared
from mesh_dagster.policies.standard.names import ColumnNames, InputsNameMajor, LastingNames
from mesh_dagster.policies.standard.owners import OwnerAndContact
from mesh_dagster.policies.standard.privacy import AllClassified, MaskedPort, PersonalDataClassified
from mesh_dagster.policies.standard.promises import Retention, ServiceLevels
from mesh_dagster.policies.standard.regions import RegionKept
from mesh_dagster.policies.standard.stages import StageHasEvidence
from mesh_dagster.policies.standard.times import EventTime, RecordedTime

STANDARD = PolicySet(
    "standard",
    "1",
    (
        ColumnNames,
        LastingNames,
        InputsNameMajor,
        OwnerAndContact,
        SourceAlignedReadsSources,
        AggregateOfDomains,
        ConsumerAlignedHasUse,
        PurposeAndUse,
        ColumnsDescribed,
        EventTime,
        RecordedTime,
        EntitiesTypedAlike,
        ServiceLevels,
        Retention,
        AllClassified,
        PersonalDataClassified,
        ClassificationCarried,
        MaskedPort,
        RegionKept,
        BreakingChangeHasMajor,
        StageHasEvidence,
        DeprecationWindow,
        InputsLast,
        ChainDepth,
        ReportIsNoProduct,
        NoSourceExposed,
        ReadsDeclared,
        DeclaredReadsMade,
    ),
)
