"""Writers, and what they hand back."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from types import TracebackType

from . import _fencepost as native
from ._arrow import Rows
from ._errors import FencepostError
from ._reader import _position
from ._reports import WriterStatus


class Ticket:
    """The promise of an answer for one submission. Throwing it away does not take the rows back."""

    def __init__(self, raw: native.Ticket) -> None:
        self._raw = raw

    def wait(self) -> int:
        """Waits until the rows are durable, and everything before them, and returns their position.

        Raises the error of the append. May be called again.
        """
        return self._raw.answer().wait()

    async def wait_async(self) -> int:
        """As :meth:`wait`, for asyncio."""
        return await self._raw.answer().start()

    @property
    def done(self) -> bool:
        """Whether the answer is there, good or bad."""
        return self._raw.is_answered()


class Writer:
    """The writer of one epoch; :meth:`Log.writer` opens one.

    Use it in a ``with`` block, which closes it: a log that was closed is opened again without a takeover. Threads may
    share it, and their appends share objects. Appends run in the background: a ``KeyboardInterrupt`` or a task that is
    cancelled takes nothing back that was handed over.

    >>> import fencepost, pyarrow as pa
    >>> with fencepost.open("memory://writers", create=True).writer() as writer:
    ...     tickets = [writer.submit(pa.table({"id": [n]})) for n in range(100)]
    ...     writer.flush()
    ...     all(ticket.done for ticket in tickets)
    True
    """

    def __init__(self, raw: native.Writer) -> None:
        self._raw = raw

    def append(self, rows: Rows) -> int:
        """Appends rows, waits until they are durable and everything before them is, and returns their position.

        ``rows`` is anything with Arrow's PyCapsule interface: a table or a record batch of pyarrow, a data frame of
        polars or pandas. Readers see all of it or nothing. Costs one PUT, shared with other appends that wait at the
        same moment.

        Raises :class:`FencedError` if another writer has the log, :class:`UnknownError` if the rows may be in the log
        all the same, and others; ``definite`` tells whether the rows are definitely not in the log.
        """
        return self._raw.append(rows).wait()

    async def append_async(self, rows: Rows) -> int:
        """As :meth:`append`, for asyncio."""
        return await self._raw.append(rows).start()

    def submit(self, rows: Rows) -> Ticket:
        """Hands rows over, and returns a ticket to wait on. Waits only while the writer's buffer is full.

        The order of tickets is the order in the log. An error means that nothing was handed over.
        """
        return Ticket(self._raw.submit(rows).wait())

    async def submit_async(self, rows: Rows) -> Ticket:
        """As :meth:`submit`, for asyncio."""
        return Ticket(await self._raw.submit(rows).start())

    def flush(self) -> None:
        """Waits until everything submitted before is durable; raises the first failure among it."""
        self._raw.flush().wait()

    async def flush_async(self) -> None:
        """As :meth:`flush`, for asyncio."""
        await self._raw.flush().start()

    def checkpoint(self, position: int) -> int:
        """Declares that everything up to ``position`` is safe elsewhere: it is not replayed, and may be collected.

        Returns the position of the checkpoint now: lower where ``position`` lies within a fence range, higher if the
        checkpoint was higher already.
        """
        return self._raw.checkpoint(_position(position)).wait()

    async def checkpoint_async(self, position: int) -> int:
        """As :meth:`checkpoint`, for asyncio."""
        return await self._raw.checkpoint(_position(position)).start()

    def close(self) -> None:
        """Finishes what was submitted, appends the close entry and releases the lease.

        The next writer then need not wait. Closing again is harmless.
        """
        self._raw.close().wait()

    async def close_async(self) -> None:
        """As :meth:`close`, for asyncio."""
        await self._raw.close().start()

    @property
    def epoch(self) -> int:
        """The writer's epoch."""
        return self._raw.epoch()

    @property
    def status(self) -> WriterStatus:
        """The writer's state now."""
        return self._raw.status()

    def __enter__(self) -> Writer:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            self.close()
        except FencepostError:
            # What went wrong first is what matters.
            if error is None:
                raise

    async def __aenter__(self) -> Writer:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            await self.close_async()
        except FencepostError:
            if error is None:
                raise

    def __repr__(self) -> str:
        return f"<fencepost.Writer epoch={self.epoch}>"


class Opening:
    """A writer that is being opened: the epoch is claimed, and iterating gives what must be replayed.

    What it gives is provisional until :meth:`finish` returns: apply it to something that can be thrown away if that
    fails.

    >>> import fencepost, pyarrow as pa
    >>> log = fencepost.open("memory://openings", create=True)
    >>> with log.writer() as writer:
    ...     _ = writer.append(pa.table({"id": [1, 2]}))
    >>> opening = log.begin_writing()
    >>> [entry.num_rows for entry in opening]
    [2]
    >>> with opening.finish() as writer:
    ...     writer.epoch
    2
    """

    def __init__(self, raw: native.Opening) -> None:
        self._raw = raw

    @property
    def epoch(self) -> int:
        """The epoch that was claimed."""
        return self._raw.epoch

    @property
    def given_up(self) -> list[int]:
        """Where the replay, as far as it is, passed entries that a repair gave up."""
        return self._raw.given_up()

    def finish(self) -> Writer:
        """Replays what is left, and makes the writer."""
        return Writer(self._raw.finish().wait())

    async def finish_async(self) -> Writer:
        """As :meth:`finish`, for asyncio."""
        return Writer(await self._raw.finish().start())

    def __iter__(self) -> Iterator[native.Entry]:
        return self

    def __next__(self) -> native.Entry:
        entry = self._raw.next().wait()
        if entry is None:
            raise StopIteration
        return entry

    def __aiter__(self) -> AsyncIterator[native.Entry]:
        return self

    async def __anext__(self) -> native.Entry:
        entry = await self._raw.next().start()
        if entry is None:
            raise StopAsyncIteration
        return entry
