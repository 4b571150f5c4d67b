"""What a role lacks, from its listed grants and from what compiles in it."""

from __future__ import annotations

from preflight.model import AccessAsk, Right, TableRef
from preflight_adapters.snowflake.access import Granted, Needed, grants, rights, roles_in
from preflight_adapters.snowflake.queries import split_name

NEEDED = Needed("MPARTICLE_READER", "SYNC_WH", "CRM", "")
CONTACTS, ODD = TableRef("CONTACTS", "PUBLIC", "CRM"), TableRef("odd.Name", "PUBLIC", "CRM")
ALL = [
    ("USAGE", "WAREHOUSE", "SYNC_WH"),
    ("USAGE", "DATABASE", "CRM"),
    ("USAGE", "SCHEMA", "CRM.PUBLIC"),
    ("SELECT", "TABLE", "CRM.PUBLIC.CONTACTS"),
    ("OWNERSHIP", "VIEW", 'CRM.PUBLIC."odd.Name"'),
    ("USAGE", "INTEGRATION", "MP_EU1_12_345_S3"),
]


def granted(rows: list[tuple[str, str, str]], *gaps: str) -> Granted:
    listed = [dict(zip(("privilege", "granted_on", "name"), row, strict=True)) for row in rows]
    return Granted(grants(listed), gaps)


def found(
    rows: list[tuple[str, str, str]], *gaps: str, readable: dict[TableRef, bool] | None = None, needed: Needed = NEEDED
) -> dict[str, Right]:
    asked = rights(AccessAsk((CONTACTS, ODD)), needed, granted(rows, *gaps), readable or {})
    return {f"{right.kind} {right.name}": right for right in asked}


def test_everything_is_held() -> None:
    asked = found(ALL)
    assert {right.held for right in asked.values()} == {True}
    assert list(asked) == [
        "warehouse SYNC_WH",
        "database CRM",
        "schema CRM.PUBLIC",
        "table CRM.PUBLIC.CONTACTS",
        'table CRM.PUBLIC."odd.Name"',
        "storage integration MP_EU1_12_345_S3",
    ]


def test_what_is_missing_comes_with_its_grant() -> None:
    asked = found([row for row in ALL if row[1] not in ("SCHEMA", "VIEW")])
    schema, table = asked["schema CRM.PUBLIC"], asked['table CRM.PUBLIC."odd.Name"']
    assert (schema.held, table.held) == (False, False)
    assert schema.grant == "GRANT USAGE ON SCHEMA CRM.PUBLIC TO ROLE MPARTICLE_READER;"
    assert table.grant == 'GRANT SELECT ON TABLE CRM.PUBLIC."odd.Name" TO ROLE MPARTICLE_READER;'
    assert "ON VIEW" in table.note
    assert table.table == ODD


def test_a_right_on_something_else_is_none() -> None:
    asked = found([("SELECT", "TABLE", "CRM.OTHER.CONTACTS"), ("REFERENCES", "TABLE", "CRM.PUBLIC.CONTACTS")])
    assert asked["table CRM.PUBLIC.CONTACTS"].held is False


def test_a_list_with_gaps_proves_nothing_missing() -> None:
    asked = found(ALL[:3], "the grants of the role X could not be listed")
    assert asked["warehouse SYNC_WH"].held is True
    assert asked["table CRM.PUBLIC.CONTACTS"].held is None
    assert "could not be listed" in asked["table CRM.PUBLIC.CONTACTS"].note


def test_what_compiles_is_held_though_no_grant_is_listed() -> None:
    asked = found(ALL[:1], readable={CONTACTS: True, ODD: False})
    assert asked["table CRM.PUBLIC.CONTACTS"].held is True
    assert asked["schema CRM.PUBLIC"].held is True
    assert asked['table CRM.PUBLIC."odd.Name"'].held is False


def test_what_does_not_compile_is_not_held_though_a_grant_is_listed() -> None:
    assert found(ALL, readable={CONTACTS: False, ODD: True})["table CRM.PUBLIC.CONTACTS"].held is False


def test_an_integration_that_nobody_names_is_not_known() -> None:
    [right] = [right for right in found(ALL[:5]).values() if right.kind == "storage integration"]
    assert right.held is None
    named = found(ALL[:5], needed=Needed("MPARTICLE_READER", "SYNC_WH", "CRM", "MP_US1_1_2_S3"))
    assert named["storage integration MP_US1_1_2_S3"].held is False


def test_roles_in_roles() -> None:
    rows = [("USAGE", "ROLE", "READERS"), ("USAGE", "DATABASE_ROLE", 'CRM."r 1"'), ("USAGE", "WAREHOUSE", "W")]
    assert roles_in(granted(rows).grants) == ['"CRM"."r 1"', '"READERS"']


def test_names_are_cut_at_their_dots() -> None:
    assert split_name('CRM."a.b".T') == ("CRM", "a.b", "T")
    assert split_name('"say ""hi"""') == ('say "hi"',)
