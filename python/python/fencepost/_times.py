"""Durations: numbers of seconds, or timedeltas."""

from __future__ import annotations

from datetime import timedelta
from typing import TypeAlias

#: Seconds, or a timedelta.
Duration: TypeAlias = float | timedelta


def seconds(duration: Duration) -> float:
    """As a number of seconds."""
    return duration.total_seconds() if isinstance(duration, timedelta) else float(duration)


def maybe_seconds(duration: Duration | None) -> float | None:
    """As a number of seconds, if there is one."""
    return None if duration is None else seconds(duration)
