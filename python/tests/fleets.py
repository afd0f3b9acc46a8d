"""A fleet of small logs, and what happens to it. Workers in other processes import this."""

from __future__ import annotations

import os
import signal
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyarrow as pa

import fencepost

TABLES, SHARDS = 20, 10


def build_fleet(folder: Path) -> None:
    """Twenty tables of ten shards, each with two entries of which one may go."""

    def build(number: int) -> None:
        for _ in range(SHARDS):
            log = fencepost.open(folder / f"table-{number:02}", shard=str(uuid.uuid4()), create=True)
            with log.writer(lease_ttl=None) as writer:
                first = writer.append(pa.table({"id": [1]}))
                writer.append(pa.table({"id": [2]}))
                writer.checkpoint(first)

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(build, range(TABLES)))


def poison(place: str) -> str:
    """Makes one shard's manifests unreadable, and says which."""
    shard = fencepost.shards(place)[3]
    for manifest in (Path(place) / "_mem_wal" / shard / "manifest").glob("*.binpb"):
        manifest.write_bytes(b"poison")
    return shard


def left(place: str, shard: str) -> list[int]:
    return pa.table(fencepost.open(place, shard=shard).read())["id"].to_pylist()


def check_nothing_is_lost(places: list[str], poisoned: str) -> None:
    for place in places:
        for shard in fencepost.shards(place):
            if shard != poisoned:
                assert left(place, shard) == [2]


def dies_on(task: fencepost.Task) -> fencepost.Outcome:
    """A worker that is killed in the middle of its work, the first time."""
    mark = Path(os.environ["FENCEPOST_TEST_MARK"])
    if task.location.endswith("table-05") and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return fencepost.collect_one(task)
