from __future__ import annotations

import msgspec
import pytest

from preflight.engine.part import Batch, Part, pack, unpack
from preflight.query import Outputs
from tests.query.sql_support import read

SQL = "WITH f AS (SELECT CAST(a AS NUMBER(12, 2)) AS k, COUNT(*) FROM d.t) SELECT f.*, ARRAY_AGG(1) AS n FROM f"


def test_outputs_arrive_with_the_types_that_nobody_had_asked_for() -> None:
    outputs = read(SQL).outputs()
    sent = unpack(pack(Batch((Part({}, outputs=outputs),))), Batch)
    assert sent.parts[0].outputs == read(SQL).outputs()
    assert [str(column.type) for column in outputs.columns] == ["NUMBER(12, 2)", "BIGINT", "ARRAY"]


def test_what_is_no_part_is_refused() -> None:
    with pytest.raises(NotImplementedError, match="object"):
        pack(Part({}, outputs=Outputs((object(),), complete=True)))  # type: ignore[arg-type]


@pytest.mark.parametrize("packed", [b"", b"\x80", b"\x97\x80\x90\x80\xc0\x90\x01\xc0"])
def test_other_bytes_are_refused(packed: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        unpack(packed, Part)
