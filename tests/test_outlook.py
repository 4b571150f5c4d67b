from __future__ import annotations

from datetime import UTC, datetime

import pytest

from preflight.config import FieldMapping, FieldTransformation, Pipeline, Schedule, SyncMode
from preflight.finding import ColumnFate, Fate
from preflight.location import SqlRange
from preflight.model import UNKNOWN
from preflight.outlook import column_fates, next_runs
from preflight.query import OutputColumn, Outputs

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
START = datetime(2026, 11, 1, 3, 5, tzinfo=UTC)


def pipeline(transformation: str | None = None, **schedule: object) -> Pipeline:
    settings = {"type": "interval", "frequency": "daily", "start_time": START} | schedule
    sync = SyncMode("incremental", iterator_field="updated_at", iterator_data_type="timestamp_ntz")
    return Pipeline(
        "p",
        "P",
        "c",
        "m",
        sync,
        Schedule(**settings),
        "development",
        field_transformation_id=transformation,  # type: ignore[arg-type]
    )


def outputs(*names: str | None) -> Outputs:
    columns = [OutputColumn(i, name, UNKNOWN, SqlRange("m", 0, 1)) for i, name in enumerate(names)]
    return Outputs(tuple(columns), complete=True)


def test_a_user_pipelines_columns_are_known_by_name() -> None:
    found = column_fates(
        pipeline(), None, outputs("Customer_Id", "UPDATED_AT", "ios_idfv", "$city", "tier", "alias", None)
    )
    assert [(fate.column, fate.fate, fate.target) for fate in found] == [
        ("Customer_Id", Fate.USER_IDENTITY, "customer_id"),
        ("UPDATED_AT", Fate.ITERATOR, ""),
        ("ios_idfv", Fate.DEVICE_IDENTITY, "ios_idfv"),
        ("$city", Fate.RESERVED_ATTRIBUTE, "$city"),
        ("tier", Fate.ATTRIBUTE, "tier"),
        ("alias", Fate.ATTRIBUTE, "alias"),
    ]


def test_an_event_pipelines_columns_go_where_they_are_mapped() -> None:
    mappings = (
        FieldMapping("column", "customer_id", "$.user_identities.customer_id"),
        FieldMapping("ignore", "note"),
        FieldMapping("static", None, "events.event_type", "custom_event"),
    )
    transformation = FieldTransformation("t", "T", "event_batch", mappings)
    found = column_fates(pipeline("t"), transformation, outputs("CUSTOMER_ID", "NOTE", "UPDATED_AT", "TOTAL"))
    assert found == (
        ColumnFate("CUSTOMER_ID", Fate.MAPPED, "user_identities.customer_id"),
        ColumnFate("NOTE", Fate.IGNORED),
        ColumnFate("UPDATED_AT", Fate.ITERATOR),
        ColumnFate("TOTAL", Fate.UNMAPPED),
    )


def test_the_next_runs_keep_the_schedules_own_minute() -> None:
    runs = [datetime.fromtimestamp(instant, UTC) for instant in next_runs(pipeline(), NOW)]
    assert runs == [datetime(2026, 11, day, 3, 5, tzinfo=UTC) for day in (25, 26, 27, 28, 29)]


@pytest.mark.parametrize(
    ("schedule", "count"),
    [
        ({"end_time": datetime(2026, 11, 26, 3, 5, tzinfo=UTC)}, 2),
        ({"end_time": datetime(2026, 11, 26, 3, 4, tzinfo=UTC)}, 1),
        ({"type": "once", "frequency": None}, 0),
        ({"start_time": None}, 0),
    ],
)
def test_runs_end_with_the_schedule(schedule: dict[str, object], count: int) -> None:
    assert len(next_runs(pipeline(**schedule), NOW)) == count
