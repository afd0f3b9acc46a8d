"""A log, and how to find one."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable, Mapping
from typing import Any, Literal

from . import _fencepost as native
from ._reader import Cursor, Reader, ResumePoint, Start, _consumed, _position, _start
from ._reports import Check, Collected, CursorStatus, Diagnosis, Requests, Status, Verification
from ._settings import Keep, OfWriter, Place
from ._times import Duration, maybe_seconds, seconds
from ._writer import Opening, Writer

_DAY = 24 * 3600.0


class Log:
    """One shard's log; :func:`fencepost.open` finds one. Threads may share it."""

    def __init__(self, raw: native.Log) -> None:
        self._raw = raw

    @property
    def location(self) -> str:
        """The path or URL that it was opened by."""
        return self._raw.location

    @property
    def shard(self) -> str:
        """The shard's id."""
        return self._raw.shard

    @property
    def requests(self) -> Requests:
        """All requests made through this log and everything opened on it."""
        return self._raw.requests()

    # Writing

    def writer(
        self,
        *,
        takeover: Literal["expired", "now", "free"] = "expired",
        pipelining: Literal["unless_lance", "always", "never"] = "unless_lance",
        lease_ttl: Duration | None = 10.0,
        wait_timeout: Duration | None = 300.0,
        holder: str | None = None,
        group_bytes_max: int = 4 << 20,
        entry_bytes_max: int = 64 << 20,
        buffer_bytes_max: int = 128 << 20,
        linger: Duration = 0.0,
        puts_per_second_max: int | Literal["default", "unlimited"] = "default",
        on_wait: Callable[[int, str, float], Any] | None = None,
    ) -> Writer:
        """Opens a writer: waits for one that is alive, claims the next epoch and fences everybody else.

        :param takeover: what to do about a writer that may be alive: wait until its lease has expired; claim at once,
            which fences it; or claim only if the log is free, with :class:`HeldError` otherwise.
        :param pipelining: whether several appends are in flight at once. Beside Lance only one is safe, and that is
            the default there.
        :param lease_ttl: the lease's time to live; ``None`` for no lease.
        :param wait_timeout: how long to wait for a writer that is alive; ``None`` for ever. Then :class:`HeldError`.
        :param holder: a name in the lease by which people recognise the writer. By default host and process.
        :param group_bytes_max: how many bytes of submissions may share one object.
        :param entry_bytes_max: how large a single submission may be.
        :param buffer_bytes_max: how many bytes may wait or be in flight before ``submit`` waits.
        :param linger: how long the first submission of a group waits for others.
        :param puts_per_second_max: a cap on PUTs a second. By default 100 on cloud stores, and none elsewhere.
        :param on_wait: is called with the epoch, the name and the time to live of a writer that it waits for.
        """
        settings = _of_writer(
            takeover,
            pipelining,
            lease_ttl,
            wait_timeout,
            holder,
            group_bytes_max,
            entry_bytes_max,
            buffer_bytes_max,
            linger,
            puts_per_second_max,
        )
        return Writer(self._raw.open_writer(settings, on_wait).wait())

    async def writer_async(
        self,
        *,
        takeover: Literal["expired", "now", "free"] = "expired",
        pipelining: Literal["unless_lance", "always", "never"] = "unless_lance",
        lease_ttl: Duration | None = 10.0,
        wait_timeout: Duration | None = 300.0,
        holder: str | None = None,
        group_bytes_max: int = 4 << 20,
        entry_bytes_max: int = 64 << 20,
        buffer_bytes_max: int = 128 << 20,
        linger: Duration = 0.0,
        puts_per_second_max: int | Literal["default", "unlimited"] = "default",
        on_wait: Callable[[int, str, float], Any] | None = None,
    ) -> Writer:
        """As :meth:`writer`, for asyncio."""
        settings = _of_writer(
            takeover,
            pipelining,
            lease_ttl,
            wait_timeout,
            holder,
            group_bytes_max,
            entry_bytes_max,
            buffer_bytes_max,
            linger,
            puts_per_second_max,
        )
        return Writer(await self._raw.open_writer(settings, on_wait).start())

    def begin_writing(
        self,
        *,
        takeover: Literal["expired", "now", "free"] = "expired",
        pipelining: Literal["unless_lance", "always", "never"] = "unless_lance",
        lease_ttl: Duration | None = 10.0,
        wait_timeout: Duration | None = 300.0,
        holder: str | None = None,
        on_wait: Callable[[int, str, float], Any] | None = None,
    ) -> Opening:
        """As :meth:`writer`, for whoever has a state to rebuild: the opening hands out what must be replayed."""
        settings = _of_writer(takeover, pipelining, lease_ttl, wait_timeout, holder)
        return Opening(self._raw.begin_writing(settings, on_wait).wait())

    async def begin_writing_async(
        self,
        *,
        takeover: Literal["expired", "now", "free"] = "expired",
        pipelining: Literal["unless_lance", "always", "never"] = "unless_lance",
        lease_ttl: Duration | None = 10.0,
        wait_timeout: Duration | None = 300.0,
        holder: str | None = None,
        on_wait: Callable[[int, str, float], Any] | None = None,
    ) -> Opening:
        """As :meth:`begin_writing`, for asyncio."""
        settings = _of_writer(takeover, pipelining, lease_ttl, wait_timeout, holder)
        return Opening(await self._raw.begin_writing(settings, on_wait).start())

    def checkpoint(self, position: int, *, takeover: Literal["expired", "now", "free"] = "expired") -> int:
        """Opens a writer, moves the checkpoint and closes the writer. Whoever has a writer uses that one's
        :meth:`Writer.checkpoint`."""
        with self.writer(takeover=takeover) as writer:
            return writer.checkpoint(position)

    async def checkpoint_async(self, position: int, *, takeover: Literal["expired", "now", "free"] = "expired") -> int:
        """As :meth:`checkpoint`, for asyncio."""
        async with await self.writer_async(takeover=takeover) as writer:
            return await writer.checkpoint_async(position)

    # Reading

    def read(self, start: Start = None, *, to: int | None = None) -> Reader:
        """Reads what is in the log now, from ``start`` up to and including position ``to``.

        By default it begins just above the checkpoint, as a writer that opens now would. ``start`` may be a position, a
        :class:`ResumePoint` where an earlier reader stopped, or a :class:`Cursor`.
        """
        return Reader(self._raw.reader(_start(start), None if to is None else _position(to)).wait())

    async def read_async(self, start: Start = None, *, to: int | None = None) -> Reader:
        """As :meth:`read`, for asyncio; then ``async for entry in reader``."""
        return Reader(await self._raw.reader(_start(start), None if to is None else _position(to)).start())

    def tail(
        self,
        start: Start = None,
        *,
        timeout: Duration | None = None,
        poll_min: Duration = 0.02,
        poll_max: Duration = 1.0,
    ) -> Reader:
        """Follows the log as it grows: at its end the reader waits for more.

        :param timeout: ends the iteration once nothing has come for so long. It may be iterated again. By default it
            waits for ever.
        :param poll_min: the pause between two looks at first.
        :param poll_max: the pause after a while.
        """
        poll = (seconds(poll_min), seconds(poll_max))
        return Reader(self._raw.tail(_start(start), poll, maybe_seconds(timeout)).wait())

    async def tail_async(
        self,
        start: Start = None,
        *,
        timeout: Duration | None = None,
        poll_min: Duration = 0.02,
        poll_max: Duration = 1.0,
    ) -> Reader:
        """As :meth:`tail`, for asyncio; then ``async for entry in reader``."""
        poll = (seconds(poll_min), seconds(poll_max))
        return Reader(await self._raw.tail(_start(start), poll, maybe_seconds(timeout)).start())

    def checkpoint_position(self) -> int:
        """The checkpoint: everything up to and including this position is safe elsewhere. 0 if there is none yet."""
        return self._raw.checkpoint_position().wait()

    async def checkpoint_position_async(self) -> int:
        """As :meth:`checkpoint_position`, for asyncio."""
        return await self._raw.checkpoint_position().start()

    def tail_position(self) -> int:
        """The last position of the unbroken run of entries above the checkpoint; the checkpoint if there is none."""
        return self._raw.tail_position().wait()

    async def tail_position_async(self) -> int:
        """As :meth:`tail_position`, for asyncio."""
        return await self._raw.tail_position().start()

    # Cursors

    def cursor(self, name: str, start: native.Entry | ResumePoint | int | None = None) -> Cursor:
        """Opens the cursor ``name`` where it was left.

        If it is new, it begins above ``start``, which is what was consumed last; by default at the checkpoint, with
        everything that is still to be replayed above it.
        """
        if start is None:
            start = self.checkpoint_position()
        return Cursor(self._raw.cursor(name, *_consumed(start)).wait())

    async def cursor_async(self, name: str, start: native.Entry | ResumePoint | int | None = None) -> Cursor:
        """As :meth:`cursor`, for asyncio."""
        if start is None:
            start = await self.checkpoint_position_async()
        return Cursor(await self._raw.cursor(name, *_consumed(start)).start())

    def cursors(self) -> list[CursorStatus]:
        """The cursors of this log, in the order of their names."""
        return self._raw.cursors().wait()

    async def cursors_async(self) -> list[CursorStatus]:
        """As :meth:`cursors`, for asyncio."""
        return await self._raw.cursors().start()

    def remove_cursor(self, name: str) -> bool:
        """Removes a cursor, wherever it was left, and returns whether there was one. Its consumer is not told."""
        return self._raw.remove_cursor(name).wait()

    async def remove_cursor_async(self, name: str) -> bool:
        """As :meth:`remove_cursor`, for asyncio."""
        return await self._raw.remove_cursor(name).start()

    # Keeping house

    def plan(
        self,
        *,
        retain_entries: int = 0,
        retain_age: Duration | None = None,
        min_age: Duration = _DAY,
        clock_free: bool = False,
        accept_fenced_off: int | None = None,
    ) -> Collected:
        """What :meth:`collect` would delete, and why everything else stays. Writes nothing.

        :param retain_entries: how many positions below the checkpoint to keep.
        :param retain_age: age below which entries are kept.
        :param min_age: age below which manifests stay, and what Lance may still need.
        :param clock_free: on shards that Lance writes to, delete nothing because of its age.
        :param accept_fenced_off: the position up to which acknowledged entries that a loss fenced off may go.
        """
        keep = _keep(retain_entries, retain_age, min_age, clock_free, accept_fenced_off)
        return self._raw.collect(keep, True).wait()

    async def plan_async(
        self,
        *,
        retain_entries: int = 0,
        retain_age: Duration | None = None,
        min_age: Duration = _DAY,
        clock_free: bool = False,
        accept_fenced_off: int | None = None,
    ) -> Collected:
        """As :meth:`plan`, for asyncio."""
        keep = _keep(retain_entries, retain_age, min_age, clock_free, accept_fenced_off)
        return await self._raw.collect(keep, True).start()

    def collect(
        self,
        *,
        retain_entries: int = 0,
        retain_age: Duration | None = None,
        min_age: Duration = _DAY,
        clock_free: bool = False,
        accept_fenced_off: int | None = None,
    ) -> Collected:
        """Deletes what the checkpoint and all cursors have passed, and nothing that safety needs.

        Anybody may call it at any time, also beside other collections; it may be stopped anywhere and repeated. The
        parameters are those of :meth:`plan`.
        """
        keep = _keep(retain_entries, retain_age, min_age, clock_free, accept_fenced_off)
        return self._raw.collect(keep, False).wait()

    async def collect_async(
        self,
        *,
        retain_entries: int = 0,
        retain_age: Duration | None = None,
        min_age: Duration = _DAY,
        clock_free: bool = False,
        accept_fenced_off: int | None = None,
    ) -> Collected:
        """As :meth:`collect`, for asyncio."""
        keep = _keep(retain_entries, retain_age, min_age, clock_free, accept_fenced_off)
        return await self._raw.collect(keep, False).start()

    def verify(self) -> Verification:
        """Reads everything, checksums and rows included, and says what is wrong. Writes nothing."""
        return self._raw.verify().wait()

    async def verify_async(self) -> Verification:
        """As :meth:`verify`, for asyncio."""
        return await self._raw.verify().start()

    def status(self) -> Status:
        """How the log stands, without reading an entry."""
        return self._raw.status().wait()

    async def status_async(self) -> Status:
        """As :meth:`status`, for asyncio."""
        return await self._raw.status().start()

    def __repr__(self) -> str:
        return f"<fencepost.Log {self.location!r} shard={self.shard}>"


def open(
    location: str | os.PathLike[str],
    storage_options: Mapping[str, str] | None = None,
    *,
    shard: str | None = None,
    create: bool = False,
    request_timeout: Duration = 30.0,
    retry_timeout: Duration = 60.0,
    read_ahead: int = 16,
) -> Log:
    """Finds the log at a path or URL.

    :param location: a directory, or a ``file://``, ``s3://``, ``gs://``, ``az://`` or ``memory://`` URL. Of a Lance
        table, that of the table.
    :param storage_options: options of the cloud client by name, such as ``{"region": "eu-central-1"}``. They override
        the environment (``AWS_*``, ``GOOGLE_*``, ``AZURE_*``).
    :param shard: the shard's id, where there are several.
    :param create: whether to begin a log where there is none: its directory, and a shard if none is named. In a Lance
        table no shard is created: name one there. A shard that is named is created by its first writer.
    :param request_timeout: longest wait for one request.
    :param retry_timeout: how long to repeat a request that gets no answer.
    :param read_ahead: how many entries readers fetch ahead at most.

    >>> import fencepost
    >>> fencepost.open("/there/is/nothing")
    Traceback (most recent call last):
    ...
    fencepost.MissingError: directory `/there/is/nothing` does not exist; check the path, or create the directory
    """
    return Log(
        native.open(_place(location, storage_options, shard, create, request_timeout, retry_timeout, read_ahead)).wait()
    )


async def open_async(
    location: str | os.PathLike[str],
    storage_options: Mapping[str, str] | None = None,
    *,
    shard: str | None = None,
    create: bool = False,
    request_timeout: Duration = 30.0,
    retry_timeout: Duration = 60.0,
    read_ahead: int = 16,
) -> Log:
    """As :func:`open`, for asyncio."""
    return Log(
        await native.open(
            _place(location, storage_options, shard, create, request_timeout, retry_timeout, read_ahead)
        ).start()
    )


def shards(
    location: str | os.PathLike[str],
    storage_options: Mapping[str, str] | None = None,
    *,
    request_timeout: Duration = 30.0,
    retry_timeout: Duration = 60.0,
) -> list[str]:
    """The ids of the shards at a path or URL, in order. Costs one LIST."""
    place = _place(location, storage_options, None, False, request_timeout, retry_timeout)
    return native.shards(place).wait()


async def shards_async(
    location: str | os.PathLike[str],
    storage_options: Mapping[str, str] | None = None,
    *,
    request_timeout: Duration = 30.0,
    retry_timeout: Duration = 60.0,
) -> list[str]:
    """As :func:`shards`, for asyncio."""
    place = _place(location, storage_options, None, False, request_timeout, retry_timeout)
    return await native.shards(place).start()


def doctor(
    location: str | os.PathLike[str],
    storage_options: Mapping[str, str] | None = None,
    *,
    quick: bool = False,
) -> Diagnosis:
    """Examines whether a store is safe for a log, in a folder with a random name.

    Costs some 5,000 requests, a few hundred if ``quick``, and leaves nothing behind.

    >>> import fencepost
    >>> fencepost.doctor("memory://surgery", quick=True).verdict
    'safe'
    """
    place = _place(location, storage_options, None, False)
    return _diagnosis(native.doctor(place, quick).wait())


async def doctor_async(
    location: str | os.PathLike[str],
    storage_options: Mapping[str, str] | None = None,
    *,
    quick: bool = False,
) -> Diagnosis:
    """As :func:`doctor`, for asyncio."""
    place = _place(location, storage_options, None, False)
    return _diagnosis(await native.doctor(place, quick).start())


def _diagnosis(text: str) -> Diagnosis:
    document = json.loads(text)
    checks = [
        Check(**{key: check[key] for key in ("id", "outcome", "essential", "seen", "lost")})
        for check in document["checks"]
    ]
    return Diagnosis(
        verdict=document["verdict"],
        conclusion=document["conclusion"],
        checks=checks,
        requests=Requests(**document["requests"]),
        left_behind=document["left_behind"],
        elapsed=document["took_ms"] / 1000,
        document=document,
    )


def _place(
    location: str | os.PathLike[str],
    storage_options: Mapping[str, str] | None,
    shard: str | None,
    create: bool,
    request_timeout: Duration = 30.0,
    retry_timeout: Duration = 60.0,
    read_ahead: int = 16,
) -> Place:
    options = {key: _word(value) for key, value in (storage_options or {}).items()}
    return {
        "location": os.fspath(location),
        "storage_options": options,
        "shard": shard,
        "create": create,
        "request_timeout": seconds(request_timeout),
        "retry_timeout": seconds(retry_timeout),
        "read_ahead": read_ahead,
    }


def _word(value: object) -> str:
    """Options are words; a flag or a number is what one writes for it in an environment variable."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _of_writer(
    takeover: str,
    pipelining: str,
    lease_ttl: Duration | None,
    wait_timeout: Duration | None,
    holder: str | None,
    group_bytes_max: int = 4 << 20,
    entry_bytes_max: int = 64 << 20,
    buffer_bytes_max: int = 128 << 20,
    linger: Duration = 0.0,
    puts_per_second_max: int | str = "default",
) -> OfWriter:
    return {
        "takeover": takeover,
        "pipelining": pipelining,
        "lease_ttl": maybe_seconds(lease_ttl),
        "wait_timeout": maybe_seconds(wait_timeout),
        "holder": f"{socket.gethostname()}:{os.getpid()}" if holder is None else holder,
        "group_bytes_max": group_bytes_max,
        "entry_bytes_max": entry_bytes_max,
        "buffer_bytes_max": buffer_bytes_max,
        "linger": seconds(linger),
        "puts_per_second_max": puts_per_second_max,
    }


def _keep(
    retain_entries: int,
    retain_age: Duration | None,
    min_age: Duration,
    clock_free: bool,
    accept_fenced_off: int | None,
) -> Keep:
    return {
        "retain_entries": retain_entries,
        "retain_age": maybe_seconds(retain_age),
        "min_age": seconds(min_age),
        "clock_free": clock_free,
        "accept_fenced_off": accept_fenced_off,
    }
