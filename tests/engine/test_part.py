from __future__ import annotations

import msgspec
import pytest

from preflight.engine.part import Batch, Part, infer_types, pack, unpack
from preflight.query import Outputs
from tests.query.sql_support import read

SQL = "WITH f AS (SELECT CAST(a AS NUMBER(12, 2)) AS k, COUNT(*) FROM d.t) SELECT f.*, ARRAY_AGG(1) AS n FROM f"


def test_types_that_nobody_had_asked_for_are_inferred_where_the_outputs_arrive() -> None:
    query = read(SQL)
    sent = unpack(pack(Batch((Part({}, outputs=query.outputs()),))), Batch).parts[0]
    assert all(column.known is None for column in query.outputs().columns)
    with pytest.raises(LookupError):
        _ = sent.outputs and sent.outputs.columns[0].type
    outputs = infer_types(sent, lambda: read(SQL).outputs()).outputs
    assert outputs is not None
    assert [str(column.type) for column in outputs.columns] == ["NUMBER(12, 2)", "BIGINT", "ARRAY"]


def test_types_that_are_known_are_sent() -> None:
    outputs = read(SQL).outputs()
    assert [column.type for column in outputs.columns] == [column.known for column in outputs.columns]
    part = unpack(pack(Part({}, outputs=outputs)), Part)
    assert part.outputs == outputs
    assert infer_types(part, lambda: Outputs((), complete=False)) is part


def test_what_is_no_part_is_refused() -> None:
    with pytest.raises(NotImplementedError, match="object"):
        pack(Part({}, outputs=Outputs((object(),), complete=True)))  # type: ignore[arg-type]


@pytest.mark.parametrize("packed", [b"", b"\x80", b"\x97\x80\x90\x80\xc0\x90\x01\xc0"])
def test_other_bytes_are_refused(packed: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        unpack(packed, Part)
