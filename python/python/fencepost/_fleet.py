"""Many logs at once: one task for each shard, on whatever runs tasks."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from ._errors import FencepostError
from ._log import open, shards
from ._reports import Collected


@dataclass(frozen=True)
class Task:
    """One shard to collect. It can be pickled."""

    #: The path or URL of the log.
    location: str
    #: The shard; ``None`` if the place could not be listed, and the task says why.
    shard: str | None
    #: Options of the cloud client.
    storage_options: dict[str, str] = field(repr=False)
    #: Whether only to plan.
    plan_only: bool
    #: The parameters of :meth:`Log.collect`.
    keep: dict[str, Any]


@dataclass(frozen=True)
class Outcome:
    """What became of one shard. It can be pickled."""

    #: The path or URL of the log.
    location: str
    #: The shard; ``None`` if the place could not be listed.
    shard: str | None
    #: What was deleted and why the rest stays; ``None`` if the collection failed.
    collected: Collected | None
    #: Why it failed, or never answered: the kind of the error, or the name of its class.
    kind: str | None = None
    #: The text of the error.
    error: str | None = None

    @property
    def ok(self) -> bool:
        """Whether the shard was collected, everything that should go went, and nothing in the log is damaged."""
        return self.collected is not None and not self.collected.failed and not self.collected.damaged


@dataclass(frozen=True)
class Summary:
    """What became of a fleet."""

    #: One for each shard, in the order of the locations.
    outcomes: list[Outcome]

    @property
    def shards(self) -> int:
        """How many shards there are."""
        return len(self.outcomes)

    @property
    def failed(self) -> list[Outcome]:
        """Those that need somebody's attention. All others are done."""
        return [outcome for outcome in self.outcomes if not outcome.ok]

    @property
    def objects(self) -> int:
        """How many objects were deleted."""
        return sum(one.collected.deleted.objects for one in self.outcomes if one.collected)

    @property
    def bytes(self) -> int:
        """Bytes of the entries that were deleted."""
        return sum(one.collected.deleted.entry_bytes for one in self.outcomes if one.collected)

    @property
    def exit_code(self) -> int:
        """For a monitor: 0 if all is well, 6 if something is damaged, otherwise 1."""
        if any(one.kind == "damaged" or (one.collected and one.collected.damaged) for one in self.failed):
            return 6
        return 1 if self.failed else 0

    def __str__(self) -> str:
        lines = [f"{one.location} {one.shard or ''}: {_trouble(one)}" for one in self.failed]
        lines.append(
            f"{self.shards} shards, {len(self.failed)} failed: {self.objects} objects, {self.bytes} bytes of entries"
        )
        return "\n".join(lines)


#: Calls a function with each item, in any order, and gives the answers in the order of the items. An answer may be
#: an exception, for a task whose worker died.
Mapper = Callable[[Callable[[Task], Outcome], "list[Task]"], "Iterable[Outcome | BaseException]"]


def collect_all(
    locations: Iterable[str | os.PathLike[str]],
    storage_options: Mapping[str, str] | None = None,
    *,
    run: Mapper | None = None,
    workers: int = 8,
    plan_only: bool = False,
    **keep: Any,
) -> Summary:
    """Collects every shard of every log and table at ``locations``, and reports once, at the end.

    A shard that fails keeps no other waiting: its error is in its :class:`Outcome`. It is safe to repeat, to stop
    anywhere, and to run beside others.

    :param locations: paths or URLs of logs and tables. Each is listed once for its shards.
    :param storage_options: as for :func:`fencepost.open`, for all of them.
    :param run: what runs the tasks: a function like ``map``, such as ``executor.map`` of ``concurrent.futures``
        (:func:`on` copes with workers that die). By default threads of this process, which is enough for most: a
        collection waits for the store.
    :param workers: how many threads, where ``run`` is not given.
    :param plan_only: whether only to say what would go.
    :param keep: the parameters of :meth:`Log.collect`.

    >>> import fencepost, pyarrow as pa
    >>> for n in range(3):
    ...     with fencepost.open(f"memory://fleet/{n}", create=True).writer() as writer:
    ...         _ = writer.checkpoint(writer.append(pa.table({"id": [n]})))
    >>> print(fencepost.collect_all(f"memory://fleet/{n}" for n in range(4)))
    memory://fleet/3 : memory://fleet/3: no log here (no folder below _mem_wal); ...
    4 shards, 1 failed: 6 objects, ... bytes of entries
    """
    options = {key: str(value) for key, value in (storage_options or {}).items()}
    tasks = list(_tasks(locations, options, plan_only, keep))
    if run is None:
        with ThreadPoolExecutor(workers, thread_name_prefix="fencepost-collect") as threads:
            return _summary(tasks, threads.map(collect_one, tasks))
    return _summary(tasks, run(collect_one, tasks))


def collect_one(task: Task) -> Outcome:
    """Collects one shard, and never raises an error of the log: what :func:`collect_all` runs."""
    try:
        log = open(task.location, task.storage_options, shard=task.shard)
        found = log.plan(**task.keep) if task.plan_only else log.collect(**task.keep)
    except FencepostError as error:
        return Outcome(task.location, task.shard, None, error.kind, str(error))
    return Outcome(task.location, log.shard, found)


def on(executor: Any) -> Mapper:
    """A mapper on an executor of ``concurrent.futures`` whose workers may die: each task answers for itself."""

    def run(call: Callable[[Task], Outcome], tasks: list[Task]) -> Iterator[Outcome | BaseException]:
        futures = []
        for task in tasks:
            try:
                futures.append(executor.submit(call, task))
            except RuntimeError as error:
                # A pool whose worker died takes no more.
                futures.append(error)
        for future in futures:
            try:
                yield future if isinstance(future, BaseException) else future.result()
            except Exception as error:
                yield error

    return run


def _tasks(
    locations: Iterable[str | os.PathLike[str]],
    options: dict[str, str],
    plan_only: bool,
    keep: dict[str, Any],
) -> Iterator[Task]:
    for place in locations:
        location = os.fspath(place)
        found: list[str | None] = [None]
        try:
            found = [*shards(location, options)] or [None]
        except FencepostError:
            # The task meets the same, and reports it.
            pass
        for shard in found:
            yield Task(location, shard, options, plan_only, keep)


def _summary(tasks: list[Task], answers: Iterable[Outcome | BaseException]) -> Summary:
    outcomes = []
    for task, answer in zip(tasks, answers, strict=True):
        if isinstance(answer, BaseException):
            # Perhaps collected, perhaps not: collecting again is harmless.
            answer = Outcome(task.location, task.shard, None, type(answer).__name__, str(answer))
        outcomes.append(answer)
    return Summary(outcomes)


def _trouble(outcome: Outcome) -> str:
    if outcome.collected is None:
        return outcome.error or "no answer"
    if outcome.collected.damaged:
        return "something in the log is lost: see `fencepost verify`"
    return "; ".join(f"not deleted: {path}: {why}" for path, why in outcome.collected.failed)
