"""What the tests share: places for logs, and other processes."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pytest

import fencepost

from fleets import build_fleet

#: Longer than anything here takes on a busy machine, so that what hangs is a failure and not a stop.
PATIENCE = 60.0


@pytest.fixture
def place(tmp_path: Path) -> str:
    """A directory for a log."""
    return str(tmp_path / "log")


@pytest.fixture
def log(place: str) -> fencepost.Log:
    """A log that nobody has written to."""
    return fencepost.open(place, create=True)


@pytest.fixture
def filled(log: fencepost.Log) -> fencepost.Log:
    """A log of three entries with the ids 0 to 2, closed."""
    fill(log, range(3))
    return log


def ids(*numbers: int) -> pa.Table:
    """Rows."""
    return pa.table({"id": pa.array(numbers, pa.int64())})


def fill(log: fencepost.Log, numbers: range) -> int:
    """One entry for each number; the position of the last."""
    last = 0
    with log.writer() as writer:
        for number in numbers:
            last = writer.append(ids(number))
    return last


def read_ids(log: fencepost.Log, start: fencepost.ResumePoint | int | None = None) -> list[int]:
    """The ids in a log, in order."""
    return [number for entry in log.read(start) for number in pa.table(entry)["id"].to_pylist()]


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twenty tables of ten shards, made once."""
    folder = tmp_path_factory.mktemp("fleet")
    build_fleet(folder)
    return folder


@pytest.fixture
def fleet(built: Path, tmp_path: Path) -> list[str]:
    """A copy of them."""
    shutil.copytree(built, tmp_path / "fleet")
    return sorted(str(place) for place in (tmp_path / "fleet").iterdir())


@pytest.fixture
def table(built: Path, tmp_path: Path) -> str:
    """A copy of one of them."""
    shutil.copytree(built / "table-00", tmp_path / "table-00")
    return str(tmp_path / "table-00")


Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts Python programs as processes of their own, and ends those that are left."""
    processes: list[subprocess.Popen[str]] = []

    def run(program: str, *args: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-u", "-W", "error", "-c", textwrap.dedent(program), *args],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONFAULTHANDLER": "1"},
        )
        processes.append(process)
        return process

    yield run
    for process in processes:
        if process.poll() is None:
            process.kill()
        process.communicate()
