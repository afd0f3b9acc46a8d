"""The types: what the stubs say is so, and what users write passes a checker."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import fencepost

PACKAGE = Path(fencepost.__file__).parent
#: pyarrow has no types.
SETTINGS = "[mypy]\nstrict = true\nignore_missing_imports = true\n"

USE = """
import fencepost
import pyarrow as pa

log: fencepost.Log = fencepost.open("memory://x", {"region": "y"}, create=True)
with log.writer(takeover="now", linger=0.1) as writer:
    position: int = writer.append(pa.table({"id": [1]}))
    ticket: fencepost.Ticket = writer.submit(pa.record_batch({"id": [1]}))
for entry in log.tail(fencepost.ResumePoint(1)):
    rows: int = entry.num_rows
try:
    names: list[str] = [one.path for one in log.plan(retain_age=1.0).objects if one.delete]
except fencepost.TruncatedError as error:
    first: int | None = error.first
async def follow() -> None:
    async for entry in await log.tail_async():
        print(entry.position)
"""

WRONG = """
import fencepost
fencepost.open("x", shard=1)
fencepost.open("x").writer(takeover="perhaps")
fencepost.open("x").writer().append([1])
"""


def checker(*args: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", *args], capture_output=True, text=True, cwd=cwd)


def test_the_package_and_what_users_write_pass_mypy(tmp_path: Path) -> None:
    assert (PACKAGE / "py.typed").exists()
    (tmp_path / "use.py").write_text(USE)
    (tmp_path / "mypy.ini").write_text(SETTINGS)
    done = checker("mypy", str(PACKAGE), "use.py", cwd=tmp_path)
    assert done.returncode == 0, done.stdout


def test_mypy_sees_wrong_types(tmp_path: Path) -> None:
    (tmp_path / "wrong.py").write_text(WRONG)
    (tmp_path / "mypy.ini").write_text(SETTINGS)
    done = checker("mypy", "wrong.py", cwd=tmp_path)
    assert [line.split(":")[1] for line in done.stdout.splitlines() if ": error:" in line] == ["3", "4", "5"], (
        done.stdout
    )


def test_the_stubs_are_those_of_the_module(tmp_path: Path) -> None:
    (tmp_path / "mypy.ini").write_text(SETTINGS)
    # Imported for checkers only: the package does without it.
    (tmp_path / "allowed").write_text("fencepost._reader.pyarrow\n")
    settings = ["--mypy-config-file", "mypy.ini", "--allowlist", "allowed"]
    done = checker("mypy.stubtest", "fencepost", *settings, cwd=tmp_path)
    assert done.returncode == 0, done.stdout
