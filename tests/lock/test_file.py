"""The lock as text: what is written is read back, whatever it holds, and nothing spoilt is believed."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preflight.lock.file import (
    Lock,
    LockedAccess,
    LockedCounts,
    LockedModel,
    LockedTable,
    Seen,
    UnreadableLock,
    decode,
    decode_skimmed,
    encode,
    hours,
)
from preflight.model import Access, Bucket, Column, Kind, Right, TableInfo, TableRef, Type

SEEN = st.builds(Seen, on=st.dates(date(2000, 1, 1)), by=st.text(), basis=st.text(), stand_in=st.booleans())
TYPES = st.recursive(
    st.builds(Type, kind=st.sampled_from(Kind), raw=st.text(), precision=st.none() | st.integers(0, 99)),
    lambda inner: st.builds(Type, kind=st.just(Kind.ARRAY), element=inner),
    max_leaves=3,
)
COLUMNS = st.lists(st.builds(Column, name=st.text(), type=TYPES, nullable=st.none() | st.booleans()), max_size=4).map(
    tuple
)
NAMES = st.text(min_size=1)
RIGHTS = st.builds(Right, privilege=NAMES, kind=NAMES, name=NAMES, held=st.none() | st.booleans())
BUCKETS = st.dictionaries(
    st.integers(-100_000, 500_000), st.tuples(st.integers(1, 10**9), st.integers(0, 10**9)), max_size=20
).map(lambda found: tuple(Bucket(index, *found[index]) for index in sorted(found)))


@st.composite
def locks(draw: st.DrawFn) -> Lock:
    models = st.builds(
        LockedModel, connection=NAMES, data_model=NAMES, settings=NAMES, sql=NAMES, seen=SEEN, columns=COLUMNS
    )
    tables = st.builds(
        LockedTable,
        connection=NAMES,
        settings=NAMES,
        seen=SEEN,
        table=st.builds(
            TableInfo,
            ref=st.builds(TableRef, name=NAMES, schema=st.text(), catalog=st.text()),
            kind=NAMES,
            columns=COLUMNS,
            rows=st.none() | st.integers(0, 10**12),
            keys=st.lists(NAMES, max_size=2).map(tuple),
        ),
    )
    counts = st.builds(
        LockedCounts,
        connection=NAMES,
        pipeline=NAMES,
        ask=NAMES,
        seen=SEEN,
        anchor=st.integers(-(10**9), 10**10),
        null_rows=st.integers(0, 10**9),
        future_rows=st.integers(0, 10**9),
        hours=BUCKETS.map(hours),
    )

    access = st.builds(
        LockedAccess,
        connection=NAMES,
        settings=NAMES,
        tables=st.lists(NAMES, max_size=2).map(tuple),
        seen=SEEN,
        access=st.builds(
            Access,
            principal=st.text(),
            assumed=st.booleans(),
            rights=st.lists(
                st.builds(Right, privilege=NAMES, kind=NAMES, name=NAMES, held=st.none() | st.booleans()), max_size=2
            ).map(tuple),
        ),
    )

    def few(entries: st.SearchStrategy[object]) -> tuple[object, ...]:
        found = draw(st.lists(entries, max_size=3, unique_by=lambda entry: entry.key))  # type: ignore[attr-defined]
        return tuple(sorted(found, key=lambda entry: entry.key))  # type: ignore[attr-defined]

    return Lock(models=few(models), tables=few(tables), counts=few(counts), access=few(access))  # type: ignore[arg-type]


@given(locks())
def test_what_is_written_is_read_back_and_written_alike(lock: Lock) -> None:
    text = encode(lock)
    assert decode(text.encode()) == lock
    assert encode(decode(text.encode())) == text
    skimmed = decode_skimmed(text.encode())
    assert [entry.read() for entry in skimmed.tables] == [entry.read() for entry in lock.tables]
    assert [entry.ref for entry in skimmed.tables] == [entry.ref for entry in lock.tables]
    assert [(e.connection, e.seen) for e in skimmed.entries] == [(e.connection, e.seen) for e in lock.entries]


@given(BUCKETS)
def test_the_hours_of_a_histogram_survive(buckets: tuple[Bucket, ...]) -> None:
    entry = LockedCounts("c", "p", "0", Seen(date(2026, 1, 1), "", "counted"), 0, 0, 0, hours(buckets))
    assert entry.histogram.buckets == buckets


@given(st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
def test_nothing_but_a_lock_is_believed(data: bytes) -> None:
    for read in (decode, decode_skimmed):
        with pytest.raises(UnreadableLock):
            read(data)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "null",
        "{}",
        '{"version": "1"}',
        '{"version": 1, "models": [{}]}',
        '{"version": 1, "models": ' + "[" * 100_000,
        '{"version": 1, "tables": [{"connection": "c", "settings": "0", "table": {"ref": {"name": 1}}}]}',
    ],
)
def test_spoilt_locks_are_refused(text: str) -> None:
    for read in (decode, decode_skimmed):
        with pytest.raises(UnreadableLock):
            read(text.encode())


@pytest.mark.parametrize(
    "columns",
    ["null", "{}", "[{}]", '[{"name": 1}]', '[{"name": "a", "type": {"kind": "no"}}]', '[{"name": "\udcff"}]'],
)
def test_a_table_whose_columns_are_spoilt_is_refused_when_it_is_asked_for(columns: str) -> None:
    seen = Seen(date(2026, 1, 1), "user U", "metadata")
    tables = tuple(LockedTable("c", "0", seen, TableInfo(TableRef(name, "s", "c"))) for name in ("a", "b"))
    text = encode(Lock(tables=tables)).replace('"columns": []', f'"columns": {columns}', 1)
    data = text.encode("utf-8", "surrogateescape")
    with pytest.raises(UnreadableLock):
        decode(data)
    spoilt, sound = decode_skimmed(data).tables
    assert sound.read() == tables[1].table
    with pytest.raises(UnreadableLock):
        spoilt.read()


def test_a_changed_column_is_one_changed_line() -> None:
    def lock(raw: str) -> list[str]:
        columns = (Column("A", Type(Kind.TEXT, "TEXT")), Column("B", Type(Kind.TEXT, raw)))
        seen = Seen(date(2026, 1, 1), "user U", "described")
        return encode(Lock(models=(LockedModel("c", "m", "0", "0", seen, columns),))).splitlines()

    one, other = lock("TEXT"), lock("VARCHAR(8)")
    assert len(one) == len(other)
    assert [pair for pair in zip(one, other, strict=True) if pair[0] != pair[1]] == [
        (
            '        {"name": "B", "type": {"kind": "text", "raw": "TEXT"}}',
            '        {"name": "B", "type": {"kind": "text", "raw": "VARCHAR(8)"}}',
        )
    ]
