"""Many shards at once."""

from __future__ import annotations

import pickle
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest

import fencepost

from fleets import SHARDS, TABLES, check_nothing_is_lost, dies_on, poison


def test_two_hundred_shards_on_threads_of_which_one_is_poisoned(fleet: list[str]) -> None:
    poisoned = poison(fleet[7])
    planned = fencepost.collect_all(fleet, plan_only=True)
    found = fencepost.collect_all(fleet)
    assert found.shards == planned.shards == TABLES * SHARDS
    (failed,) = found.failed
    assert (failed.location, failed.shard, failed.kind, failed.collected) == (fleet[7], poisoned, "damaged", None)
    assert found.exit_code == 6 and poisoned in str(found).splitlines()[0]
    # The entry, and the fence entry of its writer.
    assert found.objects == planned.objects == 2 * (TABLES * SHARDS - 1) + found.objects % 2
    assert found.bytes == planned.bytes > 0
    check_nothing_is_lost(fleet, poisoned)
    again = fencepost.collect_all(fleet)
    assert (again.objects, len(again.failed)) == (0, 1), "it may be repeated"


def test_a_killed_worker_is_reported_and_the_next_run_does_its_work(
    fleet: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FENCEPOST_TEST_MARK", str(tmp_path / "mark"))
    poisoned = poison(fleet[7])

    def run_once() -> fencepost.Summary:
        with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
            mapper = fencepost.on(pool)
            return fencepost.collect_all(fleet, run=lambda _, tasks: mapper(dies_on, tasks))

    found = run_once()
    assert found.shards == TABLES * SHARDS and found.exit_code != 0
    died = [one for one in found.failed if one.kind == "BrokenProcessPool"]
    assert died and all(one.collected is None and one.error for one in died)
    again = run_once()
    assert [one.shard for one in again.failed] == [poisoned]
    check_nothing_is_lost(fleet, poisoned)


def test_places_that_are_not_there_are_outcomes_too(table: str, tmp_path: Path) -> None:
    found = fencepost.collect_all([table, tmp_path / "none", "nfs://host/log"], workers=2)
    assert found.shards == SHARDS + 2 and found.exit_code == 1
    assert [one.kind for one in found.failed] == ["missing", "invalid"]
    assert str(found).splitlines()[-1].startswith(f"{SHARDS + 2} shards, 2 failed: ")


def test_tasks_and_outcomes_can_be_sent_to_other_processes(table: str) -> None:
    seen = []

    def run(call, tasks):
        seen.extend(tasks)
        return [pickle.loads(pickle.dumps(call(pickle.loads(pickle.dumps(task))))) for task in tasks]

    found = fencepost.collect_all([table], run=run, retain_entries=1)
    assert [task.shard for task in seen] == fencepost.shards(table)
    assert found.exit_code == 0 and found.shards == SHARDS


def test_a_wrong_policy_is_every_shards_error(table: str) -> None:
    found = fencepost.collect_all([table], min_age=-1)
    assert len(found.failed) == SHARDS and {one.kind for one in found.failed} == {"invalid"}
    with pytest.raises(TypeError):
        fencepost.collect_all([table], no_such_setting=1)
