"""What reading a table takes, and what the listings of grants say of it. The listings are constructed."""

from __future__ import annotations

import json
from shlex import split

import pytest

from preflight.model import TableRef
from preflight_adapters.databricks import privileges
from preflight_adapters.databricks.privileges import Listing, judged, needs

TABLE = TableRef("contacts", "crm", "main")
NAMES = ("Principal", "ActionType", "ObjectType", "ObjectKey")
SELECT = needs(TABLE, TABLE)[2]
SYNC = "7f1cde2a-0000-4000-8000-1234567890ab"


def listing(*held: tuple[str, str]) -> Listing:
    return privileges.listing(NAMES, [(who, what, "TABLE", "main.crm.contacts") for who, what in held])


def test_unity_catalog_takes_three_privileges_each_with_its_grant() -> None:
    grants = [need.grant("sync-app") for need in needs(TABLE, TABLE)]
    assert grants == [
        "GRANT USE CATALOG ON CATALOG `main` TO `sync-app`",
        "GRANT USE SCHEMA ON SCHEMA `main`.`crm` TO `sync-app`",
        "GRANT SELECT ON TABLE `main`.`crm`.`contacts` TO `sync-app`",
    ]


def test_the_legacy_metastore_takes_two() -> None:
    asked = TableRef("contacts", "crm")
    found = needs(asked, privileges.full(asked, "hive_metastore", "default"))
    assert [(need.privilege, need.name) for need in found] == [
        ("USAGE", "hive_metastore.crm"),
        ("SELECT", "hive_metastore.crm.contacts"),
    ]
    assert found[1].table == asked


@pytest.mark.parametrize(
    "held",
    [
        (SYNC, "SELECT"),
        (SYNC.upper(), "select"),
        (SYNC, "ALL PRIVILEGES"),
        (SYNC, "ALL_PRIVILEGES"),
        (SYNC, "OWN"),
        ("account users", "SELECT"),
    ],
)
def test_a_privilege_is_held(held: tuple[str, str]) -> None:
    assert judged(SELECT, listing(held), SYNC, asker="me@x.io", member_of=None).held is True


@pytest.mark.parametrize("held", [(SYNC, "MODIFY"), (SYNC, "DENIED_SELECT"), ("ann@x.io", "SELECT")])
def test_a_privilege_is_missing_and_its_grant_is_given(held: tuple[str, str]) -> None:
    right = judged(SELECT, listing(held, ("ann@x.io", "MODIFY")), SYNC, asker="me@x.io", member_of=None)
    assert (right.held, right.grant) == (False, f"GRANT SELECT ON TABLE `main`.`crm`.`contacts` TO `{SYNC}`")


def test_a_groups_grant_leaves_it_open_for_others_and_decides_for_oneself() -> None:
    shown = listing(("analysts", "SELECT"))
    assert judged(SELECT, shown, SYNC, asker="me@x.io", member_of=None).held is None
    assert judged(SELECT, shown, SYNC, asker=SYNC, member_of={"analysts": True}).held is True
    assert judged(SELECT, shown, SYNC, asker=SYNC, member_of={"analysts": False}).held is False


def test_who_may_not_see_others_grants_says_nothing_of_them() -> None:
    right = judged(SELECT, listing(("me@x.io", "SELECT")), SYNC, asker="me@x.io", member_of=None)
    assert right.held is None
    assert right.note


def test_the_warehouse_of_others_is_not_asked_but_the_binding_is_given() -> None:
    right = privileges.warehouse("/sql/1.0/warehouses/abc", SYNC, own=False)
    assert (right.held, right.name) == (None, "abc")
    assert f'"service_principal_name":"{SYNC}"' in right.grant
    assert privileges.warehouse("/sql/1.0/warehouses/abc", SYNC, own=True).held is True


def test_a_binding_holds_an_odd_principal_as_one_word() -> None:
    odd = """a'b"; rm -rf $(y)"""
    *_, told = split(privileges.warehouse("/sql/1.0/warehouses/abc", odd, own=False).grant)
    assert json.loads(told)["access_control_list"][0]["service_principal_name"] == odd
