"""What calls report: plain data, which can be compared, printed, pickled and sent to other processes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Requests:
    """How many requests of each class were made."""

    put: int
    get: int
    head: int
    list: int
    delete: int

    @property
    def total(self) -> int:
        """All of them."""
        return self.put + self.get + self.head + self.list + self.delete


@dataclass(frozen=True)
class WriterStatus:
    """A writer's state at one moment."""

    #: The writer's epoch.
    epoch: int
    #: Everything up to this position is acknowledged.
    acknowledged: int
    #: Bytes of the data entries that were acknowledged.
    acknowledged_bytes: int
    #: The checkpoint, as this writer last knew it.
    checkpoint: int
    #: Positions whose outcome is undecided.
    in_flight: int
    #: How many positions may be in flight: 64, or 1 beside Lance.
    in_flight_max: int
    #: Encoded bytes that wait for a position.
    waiting_bytes: int
    #: Attempts that were repeated. Above zero, the store is slow or throttles.
    repeated: int
    #: Requests of the appends, the checkpoints and the close.
    requests: Requests
    #: Requests of the opening.
    open_requests: Requests
    #: Requests of the lease.
    lease_requests: Requests
    #: Why the writer stopped, if it did. Only opening again helps.
    stopped: str | None
    #: Whether the close entry is durable.
    closed: bool


@dataclass(frozen=True)
class CursorStatus:
    """A cursor as it stands in the store."""

    #: Its name.
    name: str
    #: Nothing above this is collected.
    position: int
    #: Whether it is still in the making, or was left half made. It holds the log all the same.
    half_made: bool
    #: Whether a collection broke it, since it was over its leash: then it holds nothing.
    broken: bool


@dataclass(frozen=True)
class Status:
    """How a log stands, for people and monitors; no entry was read.

    The parts are read one after another while others write, so they may be of different moments. Times are seconds
    since 1970, by the store's clock.
    """

    #: The epoch of the writer that has the shard.
    epoch: int
    #: The version of the latest manifest.
    manifest_version: int
    #: Whether the shard takes writers.
    active: bool
    #: Everything up to this position is safe elsewhere.
    checkpoint: int
    #: The last position of the unbroken run of entries above the checkpoint.
    tail: int
    #: The highest position that has an entry, or 0.
    highest: int
    #: How many entries there are.
    entries: int
    #: Their bytes.
    entry_bytes: int
    #: How many of them lie above the checkpoint: whoever opens the log next replays them.
    uncovered: int
    #: Their bytes.
    uncovered_bytes: int
    #: When the oldest of them was written.
    uncovered_since: float | None
    #: Entries up to here may be gone.
    boundary: int
    #: When that boundary was published.
    collected_at: float | None
    #: The cursors, in the order of their names.
    cursors: list[CursorStatus]
    #: The name that the holder of the lease gave itself, escaped; ``None`` if there is no lease.
    holder: str | None
    #: When the lease was renewed last.
    lease_renewed_at: float | None


@dataclass(frozen=True)
class Deleted:
    """How many objects were deleted, or would be."""

    #: All of them, each object in a folder counted.
    objects: int
    #: Entries of the log.
    entries: int
    #: Bytes of these entries.
    entry_bytes: int
    #: Shard manifests.
    manifests: int
    #: Boundary documents.
    boundaries: int
    #: Lease documents.
    leases: int
    #: Folders of flushes that failed.
    sstables: int
    #: The objects in these folders.
    sstable_objects: int
    #: Their bytes.
    sstable_bytes: int


@dataclass(frozen=True)
class Staging:
    """What killed writers left in a local directory: files that never became objects."""

    found: int
    found_bytes: int
    deleted: int
    deleted_bytes: int
    #: What could not be listed or deleted, and why.
    failed: list[str]


@dataclass(frozen=True)
class Planned:
    """The verdict on one object."""

    #: What it is, such as ``entry 7``.
    object: str
    #: Its path below the log's location.
    path: str
    #: Why it stays, as a stable word; ``None`` if it goes.
    reason: str | None
    #: The same for people.
    why: str | None

    @property
    def delete(self) -> bool:
        """Whether it goes."""
        return self.reason is None


@dataclass(frozen=True)
class Collected:
    """What a collection did, or would do."""

    #: The shard.
    shard: str
    #: Whether it only planned: then all numbers say what would happen.
    plan_only: bool
    #: The collectors' boundary: entries up to it may be gone. 0 if there is none.
    boundary: int
    #: No entry above this was deleted.
    bound: int
    #: What was deleted.
    deleted: Deleted
    #: How many objects stay, by the reason.
    kept: dict[str, int]
    #: How many of the deleted entries were refused writes of dead writers.
    stale_entries: int
    #: How many of them stood below an earlier boundary.
    swept: int
    #: How many of them a loss had fenced off, and ``accept_fenced_off`` allowed to go.
    accepted: int
    #: What is not known to be deleted, and why. The next pass tries again.
    failed: list[tuple[str, str]]
    #: Paths that are not understood. They stay.
    not_understood: list[str]
    #: Damage: the first and last position of each run of entries that is lost.
    lost: list[tuple[int, int]]
    #: Why nobody can tell whether anything is lost; ``None`` if it was found out.
    lost_unknown: str | None
    #: Damage: where acknowledged entries were fenced off by a loss. Nothing from there upward was deleted.
    fenced_off: list[int]
    #: What killed writers left in a local directory.
    staging: Staging
    #: The requests made.
    requests: Requests
    #: How long it took, in seconds.
    elapsed: float
    #: Of a plan: the verdict on each object.
    objects: list[Planned] = field(repr=False)

    @property
    def damaged(self) -> bool:
        """Whether something in the log is lost or fenced off, whatever the collection itself did."""
        return bool(self.lost or self.fenced_off)


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong."""

    #: The object, relative to the log's location.
    object: str
    #: The byte in it, where one can be named.
    offset: int | None
    #: What is wrong, and what to do.
    what: str
    #: ``lost``, ``fenced_off``, ``gap``, ``damaged``, ``unreadable`` or ``other``.
    kind: str
    #: The first position that it is about.
    first: int | None
    #: The last one.
    last: int | None


@dataclass(frozen=True)
class Verification:
    """The findings of a verification."""

    #: Entries read, of all kinds.
    entries: int
    #: Rows in data entries that count.
    rows: int
    #: Manifests read.
    manifests: int
    #: What is wrong.
    problems: list[Problem]
    #: Findings that are no faults, such as a gap that a dead writer may have left.
    notes: list[Problem]
    #: Where entries were given up by a repair.
    given_up: list[int]
    #: What killed writers left in a local directory.
    staging: Staging

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems


@dataclass(frozen=True)
class Check:
    """The result of one check of a store."""

    #: Its stable name.
    id: str
    #: ``passed``, ``warning``, ``failed``, ``not_applicable`` or ``unknown``.
    outcome: str
    #: Whether a log is unsafe without it.
    essential: bool
    #: What was seen.
    seen: str
    #: What is lost where it fails.
    lost: str | None


@dataclass(frozen=True)
class Diagnosis:
    """Whether a store is safe for a log."""

    #: ``safe``, ``safe_with_warnings``, ``unsafe`` or ``undecided``.
    verdict: str
    #: The same in words.
    conclusion: str
    #: Each check.
    checks: list[Check]
    #: The requests made.
    requests: Requests
    #: Objects of the examination that may still be there.
    left_behind: list[str]
    #: How long it took, in seconds.
    elapsed: float
    #: The whole report, as the command's JSON has it.
    document: dict[str, Any] = field(repr=False)

    @property
    def safe(self) -> bool:
        """Whether a log may be kept there, perhaps with warnings."""
        return self.verdict.startswith("safe")
