"""On tables of the real Lance, by its Python package."""

from __future__ import annotations

import uuid
from pathlib import Path

import pyarrow as pa
import pytest

import fencepost

from conftest import ids

lance = pytest.importorskip("lance", reason="pylance is not installed")

SCHEMA = pa.schema(
    [
        pa.field("id", pa.int64(), nullable=False, metadata={"lance-schema:unenforced-primary-key": "true"}),
        pa.field("text", pa.string()),
    ]
)


def rows(*numbers: int) -> pa.Table:
    return pa.table({"id": list(numbers), "text": [f"row {number}" for number in numbers]}, schema=SCHEMA)


@pytest.fixture
def table(tmp_path: Path) -> str:
    """A table with the row 0, ready for shards."""
    place = str(tmp_path / "table.lance")
    lance.write_dataset(rows(0), place).initialize_mem_wal()
    return place


def found(table: str, shard: str) -> list[int]:
    """What a query of Lance's finds, in the table and in the shard; a writer of Lance's replays the log first."""
    with lance.dataset(table).mem_wal_writer(shard) as writer:
        return sorted(writer.lsm_scanner().to_table()["id"].to_pylist())


def in_the_log(log: fencepost.Log) -> list[int]:
    return [number for entry in log.read(1) for number in pa.table(entry)["id"].to_pylist()]


def test_lance_finds_what_was_appended_here_and_the_other_way_round(table: str) -> None:
    shard = str(uuid.uuid4())
    with lance.dataset(table).mem_wal_writer(shard) as writer:
        writer.put(rows(1, 2))
    log = fencepost.open(table)
    assert log.shard == shard and fencepost.shards(table) == [shard]
    assert in_the_log(log) == [1, 2]
    with log.writer() as writer:
        assert writer.status.in_flight_max == 1, "beside Lance, one append at a time"
        writer.append(rows(3))
    assert found(table, shard) == [0, 1, 2, 3]
    assert in_the_log(log) == [1, 2, 3]
    assert log.verify().ok


def test_a_shard_of_ours_in_a_table_is_named(table: str) -> None:
    with pytest.raises(fencepost.InvalidError, match="Name the shard"):
        fencepost.open(table, create=True)
    shard = str(uuid.uuid4())
    with fencepost.open(table, shard=shard).writer() as writer:
        writer.append(rows(7))
    assert found(table, shard) == [0, 7]


def test_a_collection_takes_nothing_that_a_query_of_lance_finds(table: str) -> None:
    shard = str(uuid.uuid4())
    log = fencepost.open(table, shard=shard)
    for round in range(3):
        with log.writer() as writer:
            writer.append(rows(10 * round + 1))
        # It replays, and flushes into an SSTable when it closes.
        with lance.dataset(table).mem_wal_writer(shard) as writer:
            writer.put(rows(10 * round + 2))
    everything = found(table, shard)
    assert everything == [0, 1, 2, 11, 12, 21, 22]
    plan = log.plan(min_age=0)
    done = log.collect(min_age=0)
    assert plan.deleted.entries == done.deleted.entries > 0
    assert done.kept["sstable"] > 0 and done.kept["guarding_fence"] > 0
    assert found(table, shard) == everything
    assert log.verify().ok
    assert log.collect(min_age=0, clock_free=True).failed == []


def test_a_stalled_writer_of_lance_is_fenced_after_a_collection(table: str) -> None:
    shard = str(uuid.uuid4())
    stalled = lance.dataset(table).mem_wal_writer(shard)
    stalled.put(rows(1))
    log = fencepost.open(table)
    with log.writer(takeover="now") as writer:
        writer.append(rows(2))
    before = found(table, shard)
    log.collect(min_age=0)
    with pytest.raises((OSError, RuntimeError), match="(?i)fenced"):
        stalled.put(rows(3))
        stalled.close()
    assert found(table, shard) == before == [0, 1, 2]


def test_rows_go_from_the_log_into_the_table_and_then_out_of_the_log(table: str) -> None:
    """For whoever merges by hand, beside a table whose shard only we write to."""
    log = fencepost.open(table, shard=str(uuid.uuid4()))
    with log.writer() as writer:
        for number in (1, 2, 3):
            writer.append(rows(number))
        reader = log.read()
        lance.write_dataset(reader.to_reader(), table, mode="append")
        writer.checkpoint(reader.resume_point.next - 1)
    assert sorted(lance.dataset(table).to_table()["id"].to_pylist()) == [0, 1, 2, 3]
    assert list(log.read()) == []
    assert log.collect().deleted.entries >= 3


def test_a_log_beside_a_table_is_no_part_of_it(tmp_path: Path) -> None:
    with fencepost.open(tmp_path / "log", create=True).writer() as writer:
        writer.append(ids(1))
        assert writer.status.in_flight_max == 64
