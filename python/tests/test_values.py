"""What goes in comes out, whoever made it and whoever reads it."""

from __future__ import annotations

import datetime
import decimal

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import fencepost

WHEN = datetime.datetime(2026, 2, 28, 23, 59, 59, 999999)

#: A column for each type, with ends, nulls and things that are easily bent.
COLUMNS = {
    "null": pa.array([None, None, None]),
    "bool": pa.array([True, None, False]),
    "int8": pa.array([-128, None, 127], pa.int8()),
    "uint64": pa.array([0, None, 2**64 - 1], pa.uint64()),
    "int64": pa.array([-(2**63), None, 2**63 - 1], pa.int64()),
    "half": pa.array([0.5, None, -0.0], pa.float16()),
    "float": pa.array([1e-45, None, float("inf")], pa.float32()),
    "double": pa.array([5e-324, None, -0.0], pa.float64()),
    "decimal": pa.array([decimal.Decimal("-0.01"), None, decimal.Decimal("9" * 36 + ".99")], pa.decimal128(38, 2)),
    "decimal256": pa.array([decimal.Decimal(10**70), None, decimal.Decimal(-1)], pa.decimal256(76, 0)),
    "string": pa.array(["", None, "a\0b \U0001f980 ä"]),
    "large_string": pa.array(["", None, "x"], pa.large_string()),
    "string_view": pa.array(["", None, "longer than twelve bytes"], pa.string_view()),
    "binary": pa.array([b"", None, b"\xff\0"]),
    "fixed": pa.array([b"abc", None, b"\0\0\0"], pa.binary(3)),
    "date": pa.array([datetime.date(1, 1, 1), None, datetime.date(9999, 12, 31)]),
    "time": pa.array([datetime.time(0), None, datetime.time(23, 59, 59, 999999)]),
    "naive": pa.array([WHEN, None, datetime.datetime(1969, 12, 31)], pa.timestamp("us")),
    "zoned": pa.array([WHEN, None, datetime.datetime(1969, 12, 31)], pa.timestamp("ns", "Europe/Berlin")),
    "duration": pa.array([datetime.timedelta(microseconds=-1), None, datetime.timedelta(days=9)]),
    "interval": pa.array([(1, -2, 3), None, (0, 0, 0)], pa.month_day_nano_interval()),
    "list": pa.array([[], None, [1, None]]),
    "large_list": pa.array([[], None, ["a"]], pa.large_list(pa.string())),
    "fixed_list": pa.array([[1.0, 2.0], None, [3.0, None]], pa.list_(pa.float32(), 2)),
    "struct": pa.array([{"a": 1, "b": None}, None, {"a": None, "b": "x"}]),
    "map": pa.array([[("k", 1)], None, []], pa.map_(pa.string(), pa.int64())),
    "dictionary": pa.array(["x", None, "x"]).dictionary_encode(),
}


def back(log: fencepost.Log, rows: object) -> fencepost.Entry:
    """The entry that rows become."""
    with log.writer() as writer:
        position = writer.append(rows)
    (entry,) = log.read(position)
    assert entry.position == position
    return entry


@pytest.mark.parametrize("name", COLUMNS)
def test_a_column_of_pyarrow_comes_back_equal(log: fencepost.Log, name: str) -> None:
    column = COLUMNS[name]
    table = pa.table({"a": column}, metadata={"made": "here"})
    found = pa.table(back(log, table))
    found.validate(full=True)
    assert found.schema.equals(table.schema, check_metadata=True)
    assert found.equals(table)


def test_a_table_of_several_batches_becomes_one_entry_with_them(log: fencepost.Log) -> None:
    table = pa.table({"a": pa.chunked_array([[1, 2], [3]]), "b": pa.chunked_array([["x"], ["y", None]])})
    entry = back(log, table)
    assert (entry.num_rows, len(entry), entry.column_names) == (3, 3, ["a", "b"])
    assert pa.table(entry).equals(table)


def test_a_slice_comes_back_as_it_looks(log: fencepost.Log) -> None:
    table = pa.table({name: column for name, column in COLUMNS.items()}).slice(1, 1)
    assert pa.table(back(log, table)).equals(table)


def test_a_record_batch_of_pyarrow_is_an_append(log: fencepost.Log) -> None:
    batch = pa.record_batch({"a": [1, 2]})
    assert pa.table(back(log, batch)).to_batches() == [batch]


def test_a_reader_of_batches_is_an_append(log: fencepost.Log) -> None:
    batches = [pa.record_batch({"a": [number]}) for number in range(3)]
    reader = pa.RecordBatchReader.from_batches(batches[0].schema, iter(batches))
    assert pa.table(back(log, reader))["a"].to_pylist() == [0, 1, 2]


def test_a_frame_of_polars_comes_back_equal(log: fencepost.Log) -> None:
    frame = pl.DataFrame(
        {
            "id": [1, None, 3],
            "text": ["", None, "longer than twelve bytes"],
            "when": [WHEN, None, WHEN],
            "list": [[1], None, []],
            "kind": pl.Series(["a", "b", "a"], dtype=pl.Categorical),
            "struct": [{"x": 1}, {"x": None}, {"x": 3}],
        }
    )
    assert pl.DataFrame(back(log, frame)).equals(frame)


def test_a_frame_of_pandas_comes_back_equal(log: fencepost.Log) -> None:
    frame = pd.DataFrame(
        {
            "id": pd.array([1, None, 3], dtype="Int64"),
            "real": [0.5, 1.5, float("inf")],
            "text": pd.array(["", None, "ä"], dtype="string"),
            "when": pd.to_datetime([WHEN, None, WHEN]),
            "kind": pd.Categorical(["a", "b", "a"]),
        }
    )
    found = pa.table(back(log, frame)).to_pandas()
    pd.testing.assert_frame_equal(found, frame, check_dtype=False, check_index_type=False)
    assert list(found["kind"]) == ["a", "b", "a"] and found["id"].isna().tolist() == [False, True, False]


def test_rows_of_polars_can_be_read_by_pyarrow_and_the_other_way_round(log: fencepost.Log) -> None:
    assert pa.table(back(log, pl.DataFrame({"a": [1, 2]})))["a"].to_pylist() == [1, 2]
    assert pl.DataFrame(back(log, pa.table({"b": ["x"]})))["b"].to_list() == ["x"]


def test_entries_without_rows_are_entries(log: fencepost.Log) -> None:
    entry = back(log, pa.table({"a": pa.array([], pa.int64())}))
    assert entry and len(entry) == 0
    assert pa.table(entry).schema == pa.schema({"a": pa.int64()})


def test_rows_outlive_entry_reader_and_log(log: fencepost.Log) -> None:
    table = pa.table(back(log, pa.table({"a": list(range(1000))})))
    del log
    assert table["a"].to_pylist() == list(range(1000))
