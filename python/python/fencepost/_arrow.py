"""What speaks Arrow's PyCapsule interface, for type checkers."""

from __future__ import annotations

from typing import Protocol, TypeAlias, runtime_checkable


@runtime_checkable
class ArrowStream(Protocol):
    """A table, a data frame, a reader of record batches: whatever exports an Arrow stream."""

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """A capsule with the stream."""


@runtime_checkable
class ArrowArray(Protocol):
    """A record batch: whatever exports a struct array."""

    def __arrow_c_array__(self, requested_schema: object | None = None) -> tuple[object, object]:
        """Capsules with the schema and the array."""


#: What can be appended.
Rows: TypeAlias = ArrowStream | ArrowArray
