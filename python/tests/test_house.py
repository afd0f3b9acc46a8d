"""Plans, collections, verification, status, and the examination of a store."""

from __future__ import annotations

import datetime
from pathlib import Path

import pyarrow as pa
import pytest

import fencepost

from conftest import fill, ids, read_ids


def test_a_plan_says_of_each_object_what_a_collection_then_does(filled: fencepost.Log, place: str) -> None:
    filled.checkpoint(filled.status().tail)
    plan = filled.plan()
    assert plan.plan_only and plan.shard == filled.shard
    going = {one.path for one in plan.objects if one.delete}
    there = {path.relative_to(place).as_posix() for path in Path(place).rglob("*") if path.is_file()}
    assert going and going <= there
    assert all((one.reason is None) == (one.why is None) for one in plan.objects)
    done = filled.collect()
    left = {path.relative_to(place).as_posix() for path in Path(place).rglob("*") if path.is_file()}
    assert there - left == going
    assert not done.plan_only and done.deleted == plan.deleted and done.deleted.objects == len(going)
    assert done.deleted.entries == 5, "three entries, and the fence entry and the close entry of their writer"
    assert (done.failed, done.lost, done.damaged, done.objects) == ([], [], False, [])
    assert done.requests.delete == len(going) and done.requests.total > len(going)
    assert filled.collect().deleted.objects == 0, "repeating it is harmless"


def test_nothing_above_the_checkpoint_goes(filled: fencepost.Log) -> None:
    assert filled.collect().deleted.entries == 0
    assert read_ids(filled) == [0, 1, 2]


def test_a_policy_keeps_more(filled: fencepost.Log) -> None:
    filled.checkpoint(filled.status().tail)
    everything = filled.plan().deleted.entries
    assert filled.plan(retain_entries=10**6).kept["retention"] == everything
    assert filled.plan(retain_age=datetime.timedelta(days=1)).deleted.entries == 0
    assert filled.plan(retain_age=0.0).deleted.entries == everything
    with pytest.raises(fencepost.InvalidError, match="min_age"):
        filled.plan(min_age=-1)


def test_a_fenced_writer_collides_with_what_a_collection_kept(log: fencepost.Log) -> None:
    old = log.writer()
    last = old.append(ids(1))
    with log.writer(takeover="now") as new:
        new.append(ids(2))
        new.checkpoint(log.status().tail)
    collected = log.collect(min_age=0)
    assert collected.bound >= last
    with pytest.raises(fencepost.FencedError, match="epoch 2 has the shard"):
        old.append(ids(3))
    assert read_ids(log) == []


def test_a_sound_log_verifies_and_counts(filled: fencepost.Log) -> None:
    found = filled.verify()
    assert found.ok and found.problems == [] and found.rows == 3 and found.entries == 5
    assert found.manifests >= 1 and found.given_up == []


def test_a_lost_entry_is_found_by_verify_and_by_a_collection(filled: fencepost.Log, place: str) -> None:
    last = list(filled.read())[1].position
    (victim,) = [Path(place, one.path) for one in filled.plan().objects if one.object == f"entry {last}"]
    victim.unlink()
    found = filled.verify()
    assert [(one.kind, one.first, one.last) for one in found.problems] == [("lost", last, last)]
    collected = filled.collect()
    assert collected.damaged and collected.lost == [(last, last)]
    with pytest.raises(fencepost.DamagedError) as caught:
        read_ids(filled)
    assert caught.value.position == last


def test_status_says_how_the_log_stands(log: fencepost.Log) -> None:
    with log.writer(holder="me\n") as writer:
        last = writer.append(ids(1))
        status = log.status()
        assert (status.epoch, status.checkpoint, status.tail, status.active) == (1, 0, last, True)
        assert (log.checkpoint_position(), log.tail_position()) == (0, last)
        assert status.uncovered == status.entries == 2 and status.uncovered_bytes == status.entry_bytes > 0
        assert status.holder == "me\\n" and status.lease_renewed_at and status.collected_at is None
        assert status.uncovered_since <= status.lease_renewed_at + 3600
        mine = writer.status
        assert (mine.acknowledged, mine.in_flight, mine.stopped, mine.closed) == (last, 0, None, False)
        assert mine.requests.put == 1 and mine.open_requests.put > 0
        writer.checkpoint(last)
        assert log.checkpoint_position() == last
    log.collect()
    assert log.status().collected_at is not None and log.status().uncovered == 1


def test_one_put_for_an_append(log: fencepost.Log) -> None:
    with log.writer(lease_ttl=None) as writer:
        writer.append(ids(0))
        before = log.requests
        for number in range(10):
            writer.append(ids(number))
        after = log.requests
    assert (after.put - before.put, after.total - before.total) == (10, 10)


def test_a_doctor_says_that_a_directory_is_safe(tmp_path: Path) -> None:
    found = fencepost.doctor(tmp_path, quick=True)
    assert found.safe and found.verdict == "safe", found.conclusion
    assert {check.outcome for check in found.checks} <= {"passed", "not_applicable"}
    assert found.left_behind == [] and found.document["backend"] == "local"
    assert found.requests.total > 100
    with pytest.raises(fencepost.MissingError):
        fencepost.doctor(tmp_path / "none")


def test_a_log_is_found_again_by_its_place(place: str) -> None:
    log = fencepost.open(Path(place), create=True)
    fill(log, range(1))
    again = fencepost.open(f"file://{place}")
    assert again.shard == log.shard and fencepost.shards(place) == [log.shard]
    assert fencepost.open(place, shard=log.shard).location == place
    assert pa.table(again.read())["id"].to_pylist() == [0]
