"""Errors: one base class, and one class for each kind of failure.

A kind says what a program can do about it. What became of the data is in the text and, for appends, in ``definite``.
"""

from __future__ import annotations

from typing import Any


class FencepostError(Exception):
    """The base of every error that a log raises.

    The text names the object, says what became of the data, and what to do. The attributes that do not apply are
    ``None``.
    """

    #: A stable word for this kind of failure, the same as in the command's JSON.
    kind: str = "failed"
    #: Of an append: whether the rows are definitely not in the log, and never will be.
    definite: bool | None = None
    #: Whether the same call may succeed later although nobody changes anything; of an append, whether a new writer
    #: may take the same rows.
    retryable: bool | None = None
    #: The position that the error is about.
    position: int | None = None
    #: Of a position that was collected: the first one that can be read.
    first: int | None = None
    #: The epoch of the writer that has the shard.
    epoch: int | None = None
    #: Where no shard was named and there are several: all of them.
    shards: list[str] | None = None


class FencedError(FencepostError):
    """Another writer has the shard now. Stand down, or open a writer again to take it over."""

    kind = "fenced"


class HeldError(FencepostError):
    """Somebody holds the shard, or it takes no writers. Wait, or take it over."""

    kind = "held"


class UnknownError(FencepostError):
    """Whether a write took place is not known. Read the log before writing the same again."""

    kind = "unknown"


class UnavailableError(FencepostError):
    """The store does not answer, or refuses. Try again once it answers."""

    kind = "unavailable"


class MissingError(FencepostError):
    """There is no log, no bucket or no folder at that place. Check the place."""

    kind = "missing"


class TruncatedError(FencepostError):
    """The position was collected. Go on at ``first``, if that is acceptable."""

    kind = "truncated"


class DamagedError(FencepostError):
    """Something in the log is damaged or lost, or a bucket was rolled back. ``Log.verify`` says what."""

    kind = "damaged"


class InvalidError(FencepostError, ValueError):
    """What was asked for is not possible, such as rows that cannot be encoded. Ask for something else."""

    kind = "invalid"


class UnsafeError(FencepostError):
    """The store does not keep the promises that a log needs. Do not keep a log on it."""

    kind = "unsafe"


class InternalError(FencepostError):
    """A fault of this package. Please report it."""

    kind = "internal"


_BY_KIND: dict[str, type[FencepostError]] = {
    cls.kind: cls
    for cls in (
        FencedError,
        HeldError,
        UnknownError,
        UnavailableError,
        MissingError,
        TruncatedError,
        DamagedError,
        InvalidError,
        UnsafeError,
        InternalError,
    )
}


def _of_kind(kind: str, message: str, **facts: Any) -> FencepostError:
    """An error of this kind. A kind that a later library may add has the base class."""
    error = _BY_KIND.get(kind, FencepostError)(message)
    for name, value in facts.items():
        setattr(error, name, value)
    return error
