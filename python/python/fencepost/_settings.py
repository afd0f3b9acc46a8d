"""What is handed down to the native module, for type checkers."""

from __future__ import annotations

from typing import TypedDict


class Place(TypedDict):
    """Where a log is, and how to speak to its store. Durations are seconds."""

    location: str
    storage_options: dict[str, str]
    shard: str | None
    create: bool
    request_timeout: float
    retry_timeout: float
    read_ahead: int


class OfWriter(TypedDict):
    """The settings of a writer."""

    takeover: str
    pipelining: str
    lease_ttl: float | None
    wait_timeout: float | None
    holder: str
    group_bytes_max: int
    entry_bytes_max: int
    buffer_bytes_max: int
    linger: float
    puts_per_second_max: int | str


class Keep(TypedDict):
    """What a collection keeps longer than safety requires."""

    retain_entries: int
    retain_age: float | None
    min_age: float
    clock_free: bool
    accept_fenced_off: int | None
