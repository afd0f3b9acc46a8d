"""The fleet on Ray: a cluster of two workers on this machine."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

import fencepost

from fleets import SHARDS, TABLES, check_nothing_is_lost, dies_on, poison

ray = pytest.importorskip("ray", reason="ray is not installed, so its example is not tested")

EXAMPLES = Path(__file__).parents[1] / "examples"
HERE = Path(__file__).parent


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Its workers find what this process finds."""
    monkeypatch.syspath_prepend(str(EXAMPLES))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(EXAMPLES), str(HERE), *sys.path]))
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    monkeypatch.setenv("FENCEPOST_TEST_MARK", str(tmp_path / "mark"))
    ray.init(
        num_cpus=2,
        include_dashboard=False,
        object_store_memory=80 << 20,
        _node_ip_address="127.0.0.1",
        log_to_driver=False,
    )
    yield
    ray.shutdown()


@pytest.mark.filterwarnings("ignore")
def test_two_hundred_shards_on_ray_of_which_one_is_poisoned_and_a_worker_is_killed(
    cluster: None, fleet: list[str], tmp_path: Path
) -> None:
    import ray_collect

    poisoned = poison(fleet[7])
    found = fencepost.collect_all(fleet, run=lambda _, tasks: ray_collect.on_ray(dies_on, tasks))
    print(found)
    assert (tmp_path / "mark").exists(), "a worker died"
    assert found.shards == TABLES * SHARDS
    assert [(one.location, one.shard, one.kind) for one in found.failed] == [(fleet[7], poisoned, "damaged")]
    assert found.exit_code == 6 and found.objects > TABLES * SHARDS
    check_nothing_is_lost(fleet, poisoned)
