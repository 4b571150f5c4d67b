from __future__ import annotations

import json
import math
from decimal import Decimal
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from preflight.config import FieldMapping, FieldTransformation, Pipeline, Schedule, SyncMode
from preflight.event_batch import schema
from preflight.model import Column
from preflight.preview import MASK, Maker

PIPELINE = Pipeline("p", "P", "c", "m", SyncMode("full"), Schedule("once"), "development")
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.decimals()
    | st.text(max_size=5)
    | st.binary(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)
PATHS = st.sampled_from(
    [*schema().paths(), "events", "events.data", "user_attributes.a.b", "$.events[0].x", "", ".", "a..b"]
)


@given(st.lists(st.tuples(st.sampled_from("ab"), PATHS), max_size=8), VALUES, VALUES)
def test_every_row_gives_json(mappings: list[tuple[str, str]], a: Any, b: Any) -> None:
    given_ = tuple(FieldMapping("column", source, path) for source, path in mappings)
    transformation = FieldTransformation("t", "T", "event_batch", given_)
    pipeline = msgspec.structs.replace(PIPELINE, field_transformation_id="t")
    batch = Maker(pipeline, transformation, (Column("A"), Column("B"))).batch((a, b))
    json.dumps(batch.document, allow_nan=False)
    assert all(problem.message.endswith(".") for problem in batch.problems)


@given(VALUES)
def test_no_identity_is_shown(value: Any) -> None:
    columns = (Column("EMAIL"), Column("mpid"), Column("push_token"))
    document = Maker(PIPELINE, None, columns).batch((value, value, value)).document
    shown = [document["user_identities"]["email"], document["mpid"], document["device_info"]["push_token"]]
    assert set(map(str, shown)) <= {MASK, "None"}


def test_what_json_cannot_hold_is_said() -> None:
    columns = [Column(name) for name in ("A", "B", "C", "D", "E")]
    batch = Maker(PIPELINE, None, columns).batch((math.nan, Decimal("1.50"), Decimal(3), b"\x01", {"k": 1}))
    assert batch.document["user_attributes"] == {"A": "nan", "B": 1.5, "C": 3, "D": "01", "E": {"k": 1}}
    assert [problem.message for problem in batch.problems] == [
        "user_attributes.A is no number that JSON can hold.",
        "user_attributes.D is binary.",
        "user_attributes.E takes no object.",
    ]
