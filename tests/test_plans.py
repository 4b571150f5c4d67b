"""Data plans are read whatever is in the file: as a plan, or as a refusal in words."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preflight.plans import Members, Property, parse, read

names = st.sampled_from(
    [
        "data_plan_id",
        "version",
        "version_document",
        "data_plan_versions",
        "data_points",
        "match",
        "type",
        "criteria",
        "validator",
        "definition",
        "properties",
        "data",
        "custom_attributes",
        "additionalProperties",
        "required",
        "enum",
    ]
)
leaves = st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from(["", "orders", "custom_event", "string"])
documents = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=5), max_leaves=30
)


@given(documents)
def test_any_json_is_a_plan_or_refused_in_words(document: Any) -> None:
    try:
        plans, refusal = read(document), ""
    except ValueError as error:
        plans, refusal = (), str(error)
    assert bool(plans) != refusal.startswith(("is ", "has "))
    assert all(plan.id for plan in plans)


@pytest.mark.parametrize("text", ["", "{", "\ud800", "[" * 100_000, "nul"])
def test_what_is_no_json_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not JSON"):
        parse(text)


def _plan(definition: Any, kind: str = "user_attributes") -> Members:
    points = [{"match": {"type": kind, "criteria": {}}, "validator": {"definition": definition}}]
    document = {"data_plan_id": "p", "version": 1, "version_document": {"data_points": points}}
    (plan,) = parse(json.dumps(document))
    return plan.points[0].members


def test_members_are_open_unless_the_plan_closes_them() -> None:
    assert _plan({}) == Members()
    assert not _plan({"additionalProperties": False}).plans("a")
    assert _plan({"additionalProperties": {}}).plans("a")
    assert _plan({"additionalProperties": False, "properties": {"a": True}}).plans("a")


def test_types_and_values_are_kept_as_far_as_they_are_texts() -> None:
    properties = {
        "a": {"type": "string"},
        "b": {"type": ["null", "number", 3]},
        "c": {"enum": ["x", 1]},
        "d": {"const": "y"},
        "e": {"const": 7},
        "f": "odd",
    }
    assert _plan({"properties": properties, "required": ["a", 7]}) == Members(
        {
            "a": Property(("string",)),
            "b": Property(("null", "number")),
            "c": Property((), ("x",)),
            "d": Property((), ("y",)),
            "e": Property(),
            "f": Property(),
        },
        required=("a",),
    )


def test_an_events_attributes_stand_under_its_data() -> None:
    inner = {"additionalProperties": False, "properties": {"shop": {}}}
    whole = {"properties": {"data": {"properties": {"custom_attributes": inner}}}}
    assert _plan(whole, "custom_event") == Members({"shop": Property()}, open=False)
    assert _plan(inner, "custom_event") == Members()
