"""A write-ahead log on object storage, in the layout of Lance's MemWAL.

>>> import fencepost, pyarrow as pa
>>> log = fencepost.open("memory://example", create=True)   # or "./log", "s3://bucket/log", a Lance table
>>> with log.writer() as writer:
...     last = writer.append(pa.table({"id": [1, 2, 3]}))   # one PUT; durable when it returns
>>> for entry in log.read():
...     print(entry.num_rows, pa.table(entry)["id"].to_pylist())
3 [1, 2, 3]
>>> log.checkpoint(last) == last                            # these rows are safe elsewhere,
True
>>> log.collect().deleted.entries > 0                       # so their entries may go
True

Every call that waits has a twin for asyncio, whose name ends in ``_async``. Calls wait without the interpreter's lock,
and a ``KeyboardInterrupt`` ends them. All errors are a :class:`FencepostError`, in classes by what one can do.
"""

from ._errors import (
    DamagedError,
    FencedError,
    FencepostError,
    HeldError,
    InternalError,
    InvalidError,
    MissingError,
    TruncatedError,
    UnavailableError,
    UnknownError,
    UnsafeError,
)
from ._fencepost import Entry, __version__
from ._fleet import Outcome, Summary, Task, collect_all, collect_one, on
from ._log import Log, doctor, doctor_async, open, open_async, shards, shards_async
from ._reader import Cursor, Reader, ResumePoint
from ._reports import (
    Check,
    Collected,
    CursorStatus,
    Deleted,
    Diagnosis,
    Planned,
    Problem,
    Requests,
    Staging,
    Status,
    Verification,
    WriterStatus,
)
from ._writer import Opening, Ticket, Writer

__all__ = [
    "Check",
    "Collected",
    "Cursor",
    "CursorStatus",
    "DamagedError",
    "Deleted",
    "Diagnosis",
    "Entry",
    "FencedError",
    "FencepostError",
    "HeldError",
    "InternalError",
    "InvalidError",
    "Log",
    "MissingError",
    "Opening",
    "Outcome",
    "Planned",
    "Problem",
    "Reader",
    "Requests",
    "ResumePoint",
    "Staging",
    "Status",
    "Summary",
    "Task",
    "Ticket",
    "TruncatedError",
    "UnavailableError",
    "UnknownError",
    "UnsafeError",
    "Verification",
    "Writer",
    "WriterStatus",
    "__version__",
    "collect_all",
    "collect_one",
    "doctor",
    "doctor_async",
    "on",
    "open",
    "open_async",
    "shards",
    "shards_async",
]

# Tracebacks, pages and pickles name what users import.
for _name in __all__:
    if isinstance(_thing := globals()[_name], type) and _name != "Entry":
        _thing.__module__ = __name__
del _name, _thing
