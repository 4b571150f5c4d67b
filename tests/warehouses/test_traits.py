"""What each engine's server tells of the objects that the sync goes through, beyond the rights on them."""

from __future__ import annotations

from preflight.model import AccessAsk, TraitKind
from tests.warehouses.opened import Opened

TOLD: dict[str, dict[TraitKind, str]] = {
    "snowflake": {
        TraitKind.INTEGRATION_ENABLED: "true",
        TraitKind.INTEGRATION_USER_ARN: "arn:aws:iam::111122223333:user/ext/stage-abc",
        TraitKind.INTEGRATION_EXTERNAL_ID: "XY98765_SFCRole=2_exampleId=",
        TraitKind.AUTO_RESUME: "true",
    },
    "bigquery": {TraitKind.LOCATION: "US"},
}


def test_the_traits_that_an_engine_has_are_told(opened: Opened) -> None:
    access = opened.adapter.access(AccessAsk(()))
    assert {trait.kind: trait.value for trait in access.traits} == TOLD.get(opened.server.engine, {})


NOT_LISTED = ("bigquery", "redshift", "databricks")
"""Engines whose adapters cannot list every right to write, so that they must not claim that there is none."""


def test_a_principal_that_only_reads_has_no_rights_to_spare(opened: Opened) -> None:
    excess = opened.adapter.access(AccessAsk((opened.server.ref("people"),))).excess
    assert excess == (None if opened.server.engine in NOT_LISTED else ())


def test_a_server_on_this_machine_is_a_stand_in(opened: Opened) -> None:
    assert opened.adapter.stand_in is True
