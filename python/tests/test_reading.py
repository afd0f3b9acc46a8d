"""Readers, tails and cursors."""

from __future__ import annotations

import threading

import polars as pl
import pyarrow as pa
import pytest

import fencepost

from conftest import PATIENCE, fill, ids, read_ids


def test_a_reader_begins_above_the_checkpoint_unless_told(filled: fencepost.Log) -> None:
    first, second, third = (entry.position for entry in filled.read())
    assert filled.checkpoint(second) == second
    assert read_ids(filled) == [2]
    assert read_ids(filled, first) == [0, 1, 2]
    assert [entry.position for entry in filled.read(first, to=second)] == [first, second]
    assert third == filled.status().tail - 3  # fence entries and close entries have positions too


def test_a_resume_point_goes_on_without_a_gap_or_a_repetition(filled: fencepost.Log) -> None:
    reader = filled.read()
    next(reader)
    point = reader.resume_point
    assert read_ids(filled, point) == [1, 2]
    assert fencepost.ResumePoint(*tuple(point)) == point, "it can be stored as two numbers"


def test_a_reader_looks_again_after_its_end(filled: fencepost.Log) -> None:
    reader = filled.read()
    assert len(list(reader)) == 3
    fill(filled, range(3, 4))
    assert [entry.num_rows for entry in reader] == [1]


def test_a_reader_is_a_stream_for_whoever_reads_arrow(filled: fencepost.Log) -> None:
    assert pa.table(filled.read())["id"].to_pylist() == [0, 1, 2]
    assert pl.DataFrame(filled.read())["id"].to_list() == [0, 1, 2]
    with pa.RecordBatchReader.from_stream(filled.read()) as reader:
        assert reader.read_next_batch()["id"].to_pylist() == [0]
    assert filled.read().to_reader().read_all()["id"].to_pylist() == [0, 1, 2]


def test_a_stream_of_nothing_has_no_columns(log: fencepost.Log) -> None:
    log.writer().close()
    assert pa.table(log.read()).num_columns == 0
    assert log.read().to_reader().read_all().num_columns == 0


def test_another_schema_ends_a_stream_before_its_entry(filled: fencepost.Log) -> None:
    with filled.writer() as writer:
        position = writer.append(pa.table({"id": [3], "name": ["x"]}))
    reader = filled.read()
    with pytest.raises(fencepost.InvalidError, match=f"position {position} has another schema"):
        reader.to_reader().read_all()
    assert reader.resume_point.next == position
    assert pa.table(reader).column_names == ["id", "name"], "the rest is read by another stream"
    with pytest.raises(Exception, match=f"position {position} has another schema"):
        pa.table(other := filled.read())
    assert [entry.position for entry in other] == [position]


def test_a_tail_waits_for_what_comes(filled: fencepost.Log) -> None:
    tail = filled.tail(timeout=PATIENCE)
    assert [next(tail).num_rows for _ in range(3)] == [1, 1, 1]
    assert tail.poll() is None
    writer = threading.Thread(target=fill, args=(filled, range(3, 4)))
    writer.start()
    assert pa.table(next(tail))["id"].to_pylist() == [3]
    writer.join()


def test_a_tail_ends_when_its_patience_does_and_goes_on_later(filled: fencepost.Log) -> None:
    tail = filled.tail(timeout=0.05)
    assert len(list(tail)) == 3
    fill(filled, range(3, 5))
    assert [pa.table(entry)["id"].to_pylist() for entry in tail] == [[3], [4]]


def test_a_tail_is_a_reader_of_batches(filled: fencepost.Log) -> None:
    reader = filled.tail().to_reader()
    numbers = [reader.read_next_batch()["id"][0].as_py() for _ in range(3)]
    fill(filled, range(3, 4))
    assert [*numbers, reader.read_next_batch()["id"][0].as_py()] == [0, 1, 2, 3]
    stream = pa.RecordBatchReader.from_stream(filled.tail(timeout=0.05))
    assert stream.read_all()["id"].to_pylist() == [0, 1, 2, 3]


def test_a_cursor_keeps_what_its_consumer_has_not_seen(filled: fencepost.Log) -> None:
    cursor = filled.cursor("indexer")
    reader = filled.read(cursor)
    seen = next(reader)
    cursor.advance(seen)
    filled.checkpoint(filled.status().tail)
    filled.collect()
    fates = {one.object: one.reason for one in filled.plan().objects}
    assert f"entry {seen.position}" not in fates, "it was deleted"
    assert fates[f"entry {seen.position + 1}"] == "cursor"
    again = filled.cursor("indexer")
    assert again.position == seen.position
    assert [pa.table(entry)["id"].to_pylist() for entry in filled.read(again)] == [[1], [2]]
    again.advance(reader.resume_point)
    assert again.position == seen.position, "a cursor does not move by itself, nor back"
    (status,) = filled.cursors()
    assert (status.name, status.position, status.half_made) == ("indexer", seen.position, False)
    assert filled.remove_cursor("indexer") and not filled.remove_cursor("indexer")


def test_a_resume_point_moves_a_cursor_behind_all_that_was_read(filled: fencepost.Log) -> None:
    cursor = filled.cursor("c")
    reader = filled.read(cursor)
    assert len(list(reader)) == 3
    cursor.advance(reader.resume_point)
    assert cursor.position == reader.resume_point.next - 1
    assert list(filled.read(cursor)) == []
    cursor.remove()
    assert filled.cursors() == []
    with pytest.raises(fencepost.InvalidError, match="removed"):
        cursor.advance(1)


def test_threads_share_a_reader_and_each_entry_goes_to_one(filled: fencepost.Log) -> None:
    fill(filled, range(3, 40))
    reader, seen, lock = filled.read(), [], threading.Lock()

    def take() -> None:
        for entry in reader:
            with lock:
                seen.extend(pa.table(entry)["id"].to_pylist())

    threads = [threading.Thread(target=take) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(seen) == list(range(40))


def test_an_opening_hands_out_what_must_be_replayed(filled: fencepost.Log) -> None:
    opening = filled.begin_writing()
    assert [pa.table(entry)["id"].to_pylist() for entry in opening] == [[0], [1], [2]]
    assert opening.given_up == []
    with opening.finish() as writer:
        assert writer.epoch == opening.epoch == 2
        writer.append(ids(3))
    with pytest.raises(fencepost.InvalidError, match="finished"):
        opening.finish()
    assert read_ids(filled) == [0, 1, 2, 3]
