"""Wrong input and bad luck, each with the class that says what to do."""

from __future__ import annotations

import pickle
from pathlib import Path

import pyarrow as pa
import pytest

import fencepost

from conftest import fill, ids, read_ids

SHARD = "6b1b36c8-2f9d-4c4e-9f0a-5d4f5b8f8b7a"


def test_each_kind_has_a_class_and_all_have_one_base() -> None:
    classes = fencepost.FencepostError.__subclasses__()
    assert {cls.kind for cls in classes} == {
        "fenced", "held", "unknown", "unavailable", "missing", "truncated", "damaged", "invalid", "unsafe", "internal",
    }  # fmt: skip
    assert all(getattr(fencepost, cls.__name__) is cls for cls in classes)
    assert issubclass(fencepost.InvalidError, ValueError)


@pytest.mark.parametrize(
    ("open", "error", "text"),
    [
        (lambda at: fencepost.open(at / "none"), fencepost.MissingError, "does not exist"),
        (lambda at: fencepost.open(at), fencepost.MissingError, "no log here"),
        (lambda at: fencepost.open("nfs://host/log"), fencepost.InvalidError, "scheme `nfs` is not known"),
        (lambda at: fencepost.open(at, {"region": "x"}), fencepost.InvalidError, "no option `region`"),
        (lambda at: fencepost.open("s3:///x"), fencepost.InvalidError, "names no bucket"),
        (lambda at: fencepost.open("s3://b", {"no_such": "x"}), fencepost.InvalidError, "no option `no_such`"),
        (lambda at: fencepost.open(at, shard="X"), fencepost.InvalidError, "a UUID in lower case"),
        (lambda at: fencepost.open(at, request_timeout=-1), fencepost.InvalidError, "request_timeout"),
        (lambda at: fencepost.open(at, retry_timeout=float("nan")), fencepost.InvalidError, "retry_timeout"),
        (lambda at: fencepost.shards("ftp://x"), fencepost.InvalidError, "not known"),
    ],
)
def test_a_place_that_cannot_be_opened(tmp_path: Path, open: object, error: type, text: str) -> None:
    with pytest.raises(error, match=text):
        open(tmp_path)
    assert list(tmp_path.iterdir()) == [], "nothing was left behind"


def test_a_file_is_no_place_for_a_log(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(fencepost.MissingError, match="not a directory"):
        fencepost.open(tmp_path / "file")


def test_a_log_that_nobody_wrote_to_has_nothing_to_read(tmp_path: Path) -> None:
    log = fencepost.open(tmp_path, shard=SHARD)
    for call in (log.read, log.tail, log.status, log.verify, log.plan, log.collect):
        with pytest.raises(fencepost.MissingError):
            list(found) if isinstance(found := call(), fencepost.Reader) else None


def test_several_shards_must_be_told_apart(tmp_path: Path) -> None:
    other = SHARD.replace("6b", "7b")
    for shard in (SHARD, other):
        fill(fencepost.open(tmp_path, shard=shard), range(1))
    with pytest.raises(fencepost.InvalidError, match="name one of") as caught:
        fencepost.open(tmp_path)
    assert caught.value.shards == [SHARD, other] == fencepost.shards(tmp_path)


@pytest.mark.parametrize("rows", [[1, 2], {"a": [1]}, None, "rows", pa.schema({"a": pa.int64()})])
def test_rows_without_arrow_are_a_type_error(log: fencepost.Log, rows: object) -> None:
    with log.writer() as writer, pytest.raises(TypeError, match="PyCapsule"):
        writer.append(rows)
    assert list(log.read()) == []


def test_a_column_alone_is_no_row(log: fencepost.Log) -> None:
    with log.writer() as writer, pytest.raises((TypeError, ValueError)):
        writer.append(pa.array([1, 2]))


def test_a_stream_that_fails_appends_nothing(log: fencepost.Log) -> None:
    def batches():
        yield pa.record_batch({"id": [1]})
        raise RuntimeError("the source is gone")

    reader = pa.RecordBatchReader.from_batches(pa.schema({"id": pa.int64()}), batches())
    with log.writer() as writer, pytest.raises(fencepost.InvalidError, match="the source is gone"):
        writer.append(reader)
    assert list(log.read()) == []


def test_rows_that_are_too_large_are_refused_before_anything_is_written(log: fencepost.Log) -> None:
    with log.writer(entry_bytes_max=1000) as writer:
        with pytest.raises(fencepost.InvalidError, match="split it") as caught:
            writer.append(ids(*range(1000)))
        assert (caught.value.definite, caught.value.retryable) == (True, False)
        writer.append(ids(1))
    assert read_ids(log) == [1]


@pytest.mark.parametrize(
    "settings",
    [
        {"takeover": "never"},
        {"pipelining": "sometimes"},
        {"linger": -1.0},
        {"puts_per_second_max": 0},
        {"puts_per_second_max": "many"},
        {"wait_timeout": float("inf")},
    ],
)
def test_settings_that_make_no_sense(log: fencepost.Log, settings: dict[str, object]) -> None:
    with pytest.raises(fencepost.InvalidError, match=next(iter(settings))):
        log.writer(**settings)


def test_a_writer_that_lost_the_log_says_so_and_to_whom(log: fencepost.Log) -> None:
    old = log.writer()
    old.append(ids(1))
    with log.writer(takeover="now") as new:
        with pytest.raises(fencepost.FencedError) as caught:
            old.append(ids(2))
        assert (caught.value.epoch, caught.value.definite) == (new.epoch, True)
        assert caught.value.position
        with pytest.raises(fencepost.FencepostError):
            old.checkpoint(1)
        assert "fenced" in old.status.stopped
    with pytest.raises(fencepost.FencedError):
        old.close()
    assert read_ids(log) == [1]


def test_a_log_that_is_held_is_not_taken_from_its_holder(log: fencepost.Log) -> None:
    met = []
    with log.writer(holder="the first") as first:
        with pytest.raises(fencepost.HeldError, match="the first") as caught:
            log.writer(takeover="free")
        assert caught.value.epoch == first.epoch
        with pytest.raises(fencepost.HeldError):
            log.writer(wait_timeout=0.2, on_wait=lambda *told: met.append(told))
        first.append(ids(1))
    assert met == [(1, "the first", 10.0)]


def test_a_closed_writer_takes_nothing_and_closes_again(log: fencepost.Log) -> None:
    with log.writer() as writer:
        pass
    writer.close()
    assert writer.status.closed
    with pytest.raises(fencepost.InvalidError, match="closed") as caught:
        writer.submit(ids(1))
    assert caught.value.definite


def test_a_collected_position_is_truncated_and_says_what_is_left(filled: fencepost.Log) -> None:
    first = filled.status().checkpoint + 1
    filled.checkpoint(filled.status().tail)
    filled.collect()
    with pytest.raises(fencepost.TruncatedError) as caught:
        list(filled.read(1))
    assert caught.value.first > caught.value.position >= first - 1


def test_a_checkpoint_above_the_tail_is_invalid(log: fencepost.Log) -> None:
    with log.writer() as writer:
        last = writer.append(ids(1))
        with pytest.raises(fencepost.InvalidError) as caught:
            writer.checkpoint(last + 1)
        assert caught.value.position == last


def test_a_damaged_entry_is_damage_for_readers_openers_and_verify(filled: fencepost.Log, place: str) -> None:
    victims = sorted(Path(place).rglob("*.arrow"))
    victim = max(victims, key=lambda path: path.stat().st_size)
    victim.write_bytes(victim.read_bytes()[:-1] + b"\0")
    with pytest.raises(fencepost.DamagedError) as caught:
        list(filled.read())
    assert caught.value.position
    with pytest.raises(fencepost.DamagedError):
        filled.writer()
    found = filled.verify()
    assert not found.ok and [one.kind for one in found.problems] == ["damaged"]
    assert found.problems[0].first == caught.value.position


def test_a_store_that_does_not_answer_is_unavailable() -> None:
    options = {"endpoint": "http://127.0.0.1:9", "allow_http": "true", "region": "x", "skip_signature": True}
    with pytest.raises(fencepost.UnavailableError):
        fencepost.open("s3://bucket/log", options, request_timeout=1, retry_timeout=0)


def test_errors_and_reports_can_be_pickled(filled: fencepost.Log) -> None:
    with pytest.raises(fencepost.InvalidError) as caught:
        filled.checkpoint(2**40)
    error = pickle.loads(pickle.dumps(caught.value))
    assert (type(error), str(error), error.position) == (
        fencepost.InvalidError, str(caught.value), caught.value.position,
    )  # fmt: skip
    report = filled.plan()
    assert pickle.loads(pickle.dumps(report)) == report


def test_numbers_that_no_log_has_are_refused(filled: fencepost.Log) -> None:
    with pytest.raises(fencepost.InvalidError, match="position"):
        filled.read(2**63)
    for number in (-1, 2**64):
        with pytest.raises(fencepost.InvalidError, match="position"):
            filled.read(number)
    with pytest.raises(fencepost.InvalidError, match="cursor"):
        filled.cursor("a/b")
