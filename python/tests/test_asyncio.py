"""The twins for asyncio."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

import pyarrow as pa
import pytest

import fencepost

from conftest import PATIENCE, ids

T = TypeVar("T")


def within_patience(work: Awaitable[T]) -> T:
    """Runs it, and gives up on what hangs."""

    async def run() -> T:
        return await asyncio.wait_for(work, PATIENCE)

    return asyncio.run(run())


def test_many_appends_are_in_flight_at_once(place: str) -> None:
    async def work() -> None:
        log = await fencepost.open_async(place, create=True)
        async with await log.writer_async() as writer:
            positions = await asyncio.gather(*(writer.append_async(ids(n)) for n in range(50)))
            assert writer.status.requests.put < 50, "appends that wait together share objects"
            tickets = [await writer.submit_async(ids(n)) for n in range(50, 60)]
            await writer.flush_async()
            assert [ticket.done for ticket in tickets] == [True] * 10
            last = await tickets[-1].wait_async()
            assert last >= max(positions)
            assert await writer.checkpoint_async(last) == last
        found: list[int] = []
        async for entry in await log.read_async(1):
            found += pa.table(entry)["id"].to_pylist()
        assert found == list(range(60))
        assert [entry async for entry in await log.read_async()] == []

    within_patience(work())


def test_a_tail_is_awaited_beside_other_tasks(place: str) -> None:
    async def work() -> None:
        log = await fencepost.open_async(place, create=True)
        writer = await log.writer_async()
        tail = await log.tail_async()

        async def follow() -> list[int]:
            found: list[int] = []
            async for entry in tail:
                found += pa.table(entry)["id"].to_pylist()
                if len(found) == 3:
                    return found
            return found

        follower = asyncio.create_task(follow())
        for number in range(3):
            await writer.append_async(ids(number))
        assert await follower == [0, 1, 2]
        assert await tail.poll_async() is None
        await writer.close_async()

    within_patience(work())


def test_a_cancelled_task_loses_nothing(place: str) -> None:
    async def work() -> None:
        log = await fencepost.open_async(place, create=True)
        writer = await log.writer_async()
        tail = await log.tail_async()
        waiting = asyncio.create_task(tail.__anext__())
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(waiting, 0.1)
        appending = asyncio.create_task(writer.append_async(ids(1)))
        await asyncio.sleep(0)
        appending.cancel()
        await asyncio.gather(appending, return_exceptions=True)
        await writer.append_async(ids(2))
        found = [pa.table(await tail.__anext__())["id"].to_pylist()]
        while found[-1][-1] != 2:
            found.append(pa.table(await tail.__anext__())["id"].to_pylist())
        assert sum(found, []) in ([1, 2], [2]), "what was handed over is in the log, once"
        await writer.close_async()

    within_patience(work())


def test_everything_else_has_a_twin_that_does_the_same(place: str) -> None:
    async def work() -> None:
        log = await fencepost.open_async(place, create=True)
        async with await log.writer_async() as writer:
            last = await writer.append_async(ids(1))
        opening = await log.begin_writing_async()
        assert [entry.num_rows async for entry in opening] == [1]
        await (await opening.finish_async()).close_async()
        cursor = await log.cursor_async("c")
        await cursor.advance_async(last)
        assert [one.position for one in await log.cursors_async()] == [last]
        await cursor.remove_async()
        assert not await log.remove_cursor_async("c")
        assert await log.checkpoint_async(last) == last == await log.checkpoint_position_async()
        assert await log.tail_position_async() > last
        assert (await log.plan_async()).deleted.entries == (await log.collect_async()).deleted.entries > 0
        assert (await log.verify_async()).ok
        assert (await log.status_async()).checkpoint == last
        assert await fencepost.shards_async(place) == [log.shard]
        assert (await fencepost.doctor_async("memory://async", quick=True)).safe
        with pytest.raises(fencepost.TruncatedError):
            await (await log.read_async(1)).__anext__()
        with pytest.raises(fencepost.MissingError):
            await fencepost.open_async(place + "/none")

    within_patience(work())


def test_each_blocking_method_has_a_twin() -> None:
    for owner in (
        fencepost.Log,
        fencepost.Writer,
        fencepost.Opening,
        fencepost.Reader,
        fencepost.Cursor,
        fencepost.Ticket,
    ):
        names = {name for name in vars(owner) if not name.startswith("_")}
        twins = {name for name in names if name.endswith("_async")}
        plain = {name for name in names - twins if callable(getattr(owner, name))}
        # These wait for nothing.
        assert {f"{name}_async" for name in plain - {"to_reader", "take_given_up"}} == twins, owner
