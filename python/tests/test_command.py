"""The command that comes with the package."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import sysconfig
from pathlib import Path

import pyarrow as pa
import pytest

import fencepost

from conftest import PATIENCE, fill

INSTALLED = Path(sysconfig.get_path("scripts")) / "fencepost"


def run(*args: str, input: str | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "fencepost", *args], capture_output=True, text=True, input=input, timeout=PATIENCE
    )


def test_what_the_command_appends_the_package_reads(place: str) -> None:
    done = run("append", place, "--json", input='{"id": 1}\n{"id": 2}\n')
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["rows"] == 2
    assert pa.table(fencepost.open(place).read())["id"].to_pylist() == [1, 2]


def test_what_the_package_appends_the_command_reads(place: str) -> None:
    fill(fencepost.open(place, create=True), range(3))
    done = run("tail", place)
    assert [json.loads(line) for line in done.stdout.splitlines()] == [{"id": 0}, {"id": 1}, {"id": 2}]


@pytest.mark.parametrize(("args", "code"), [(["--no-such"], 2), (["verify", "/there/is/nothing"], 4), (["--help"], 0)])
def test_exit_codes_are_those_of_the_command(args: list[str], code: int) -> None:
    done = run(*args)
    assert done.returncode == code
    assert "fencepost" in done.stdout if code == 0 else done.stderr


def test_the_version_is_the_packages() -> None:
    assert run("--version").stdout == f"fencepost {fencepost.__version__}\n"


@pytest.mark.skipif(not INSTALLED.exists(), reason="the package is not installed, only on the path")
def test_an_installed_package_brings_the_command() -> None:
    done = subprocess.run([INSTALLED, "--version"], capture_output=True, text=True, timeout=PATIENCE)
    assert done.stdout == f"fencepost {fencepost.__version__}\n"
    assert shutil.which("fencepost", path=str(INSTALLED.parent))


def test_the_demonstration_starts_its_second_process(tmp_path: Path) -> None:
    done = run("demo", "--json")
    assert done.returncode == 0, done.stderr
    assert "refused" in done.stdout or "fenced" in done.stdout


def test_ctrl_c_ends_a_command_that_follows(place: str) -> None:
    fill(fencepost.open(place, create=True), range(1))
    process = subprocess.Popen(
        [sys.executable, "-m", "fencepost", "tail", place, "--follow"], stdout=subprocess.PIPE, text=True
    )
    assert json.loads(process.stdout.readline()) == {"id": 0}
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, "as the command has it: who follows a log ends it so"
