"""Readers, tails and cursors."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING, NamedTuple

from . import _fencepost as native
from ._errors import InvalidError
from ._reports import Requests

if TYPE_CHECKING:
    import pyarrow


class ResumePoint(NamedTuple):
    """Where a reader stands: enough to go on without reading anything twice. It can be stored anywhere."""

    #: The position to be read next.
    next: int
    #: The highest epoch below it; 0 if it is not known, and the next reader finds it out.
    highest: int = 0


class Reader:
    """Entries in order; :meth:`Log.read` and :meth:`Log.tail` make one.

    It is an iterator of entries, an asynchronous one too, and it has Arrow's PyCapsule interface, so that
    ``pyarrow.table(reader)`` reads all that is left. It skips no row silently: a position that was collected is a
    :class:`TruncatedError`. After an error, make a new reader at :attr:`resume_point`.

    >>> import fencepost, pyarrow as pa
    >>> log = fencepost.open("memory://readers", create=True)
    >>> with log.writer() as writer:
    ...     first, second = (writer.append(pa.table({"id": [n]})) for n in (1, 2))
    >>> reader = log.read()
    >>> next(reader).position == first
    True
    >>> pa.table(reader)["id"].to_pylist()
    [2]
    >>> list(log.read(reader.resume_point))
    []
    """

    def __init__(self, raw: native.Reader) -> None:
        self._raw = raw

    def poll(self) -> native.Entry | None:
        """The next entry if it is there, without waiting for one to be written."""
        return self._raw.poll().wait()

    async def poll_async(self) -> native.Entry | None:
        """As :meth:`poll`, for asyncio."""
        return await self._raw.poll().start()

    @property
    def resume_point(self) -> ResumePoint:
        """Where a new reader would go on: entries that were handed out are below it."""
        return ResumePoint(*self._raw.resume_point())

    @property
    def requests(self) -> Requests:
        """The requests that it has made."""
        return self._raw.requests()

    def take_given_up(self) -> list[int]:
        """The positions passed since the last call whose entries a repair gave up: their rows are not handed out."""
        return self._raw.take_given_up()

    def to_reader(self) -> pyarrow.RecordBatchReader:
        """The entries that are left as a ``pyarrow.RecordBatchReader``. Waits for the first, whose schema it takes.

        Errors keep their classes, and a ``KeyboardInterrupt`` is one, where streams through the PyCapsule interface
        know only a text. An entry with another schema ends it with an :class:`InvalidError`, and :attr:`resume_point`
        is at that entry.
        """
        import pyarrow

        first = next(self, None)
        if first is None:
            return pyarrow.RecordBatchReader.from_batches(pyarrow.schema([]), [])
        schema = pyarrow.schema(first)

        def batches() -> Iterator[pyarrow.RecordBatch]:
            entry: native.Entry | None = first
            while entry is not None:
                table = pyarrow.table(entry)
                if not table.schema.equals(schema, check_metadata=True):
                    self._raw.put_back(entry)
                    raise InvalidError(
                        f"the entry at position {entry.position} has another schema than those before it; go on from "
                        "the reader's resume_point"
                    )
                yield from table.to_batches()
                entry = next(self, None)

        return pyarrow.RecordBatchReader.from_batches(schema, batches())

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        return self._raw.__arrow_c_stream__(requested_schema)

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


class Cursor:
    """A consumer's place in a log: everything up to it was consumed, and everything above is kept for the consumer.

    It holds until it is moved or removed: a consumer that is gone pins the log.

    >>> import fencepost, pyarrow as pa
    >>> log = fencepost.open("memory://cursors", create=True)
    >>> with log.writer() as writer:
    ...     last = writer.append(pa.table({"id": [1]}))
    >>> cursor = log.cursor("indexer")
    >>> for entry in log.read(cursor):
    ...     cursor.advance(entry)
    >>> cursor.position == last
    True
    >>> cursor.remove()
    """

    def __init__(self, raw: native.Cursor) -> None:
        self._raw = raw

    @property
    def name(self) -> str:
        """Its name."""
        return self._raw.name

    @property
    def position(self) -> int:
        """The last position consumed."""
        return self._raw.position

    def advance(self, to: native.Entry | ResumePoint | int) -> None:
        """Moves on: everything up to ``to`` was consumed. Moving back or staying does nothing.

        Say it with the entry that was consumed, or with a reader's ``resume_point``, which is above what was consumed:
        then the next reader knows the epoch. After a bare position it has to read up to 63 entries below.
        """
        self._raw.advance(*_consumed(to)).wait()

    async def advance_async(self, to: native.Entry | ResumePoint | int) -> None:
        """As :meth:`advance`, for asyncio."""
        await self._raw.advance(*_consumed(to)).start()

    def remove(self) -> None:
        """Lets go of the log: the cursor is deleted."""
        self._raw.remove().wait()

    async def remove_async(self) -> None:
        """As :meth:`remove`, for asyncio."""
        await self._raw.remove().start()


def _consumed(to: native.Entry | ResumePoint | int) -> tuple[int, int]:
    if isinstance(to, native.Entry):
        return to.position, to.epoch
    if isinstance(to, ResumePoint):
        return max(to.next - 1, 0), to.highest
    return _position(to), 0


#: Where a reader may begin.
Start = Cursor | ResumePoint | int | None


def _start(start: Start) -> native.Cursor | tuple[int, int] | None:
    if isinstance(start, Cursor):
        return start._raw
    if isinstance(start, ResumePoint):
        return _position(start.next), _position(start.highest)
    return None if start is None else (_position(start), 0)


def _position(number: int) -> int:
    """A number that may be a position. What is too large is refused further down."""
    if not 0 <= number < 2**64:
        raise InvalidError(f"position={number} is not possible: zero or more, and at most 2^62")
    return number
