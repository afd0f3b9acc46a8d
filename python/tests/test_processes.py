"""Several processes, signals, forks and threads."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading

import pyarrow as pa
import pytest

import fencepost

from conftest import PATIENCE, Start, fill, ids, read_ids

APPENDS_FOR_EVER = """
    import json, sys, fencepost, pyarrow as pa
    writer = fencepost.open(sys.argv[1], create=True).writer(takeover="now")
    print(json.dumps({"epoch": writer.epoch}))
    number = 0
    while True:
        tickets = [(n, writer.submit(pa.table({"id": [n]}))) for n in range(number, number + 20)]
        number += 20
        for n, ticket in tickets:
            print(json.dumps({"id": n, "position": ticket.wait()}))
"""


def test_a_killed_writer_has_lost_nothing_that_it_acknowledged(place: str, start: Start) -> None:
    process = start(APPENDS_FOR_EVER, place)
    assert json.loads(process.stdout.readline()) == {"epoch": 1}
    acknowledged = [json.loads(process.stdout.readline()) for _ in range(100)]
    process.send_signal(signal.SIGKILL)
    # What it printed before it died was acknowledged too. The last line may be cut.
    left = process.communicate(timeout=PATIENCE)[0]
    acknowledged += [json.loads(line) for line in left.splitlines(keepends=True) if line.endswith("\n")]
    log = fencepost.open(place)
    with log.writer(takeover="now") as writer:
        assert writer.epoch == 2
        writer.append(ids(-1))
    found = {number: entry.position for entry in log.read() for number in pa.table(entry)["id"].to_pylist()}
    numbers = read_ids(log)
    assert len(numbers) == len(set(numbers)) and numbers == sorted(numbers[:-1]) + [-1], "once, and in order"
    assert all(found[one["id"]] == one["position"] for one in acknowledged)
    assert log.verify().ok


def test_a_standby_takes_over_and_the_first_is_fenced(place: str, start: Start) -> None:
    process = start(APPENDS_FOR_EVER, place)
    acknowledged = [json.loads(process.stdout.readline()) for _ in range(20)][1:]
    log = fencepost.open(place)
    with log.writer(takeover="now") as writer:
        fence = writer.append(ids(-1))
        out, err = process.communicate(timeout=PATIENCE)
        assert "fencepost.FencedError: fenced: epoch 2 has the shard" in err
    acknowledged += [json.loads(line) for line in out.splitlines()]
    assert all(one["position"] < fence for one in acknowledged)
    numbers = read_ids(log)
    assert set(numbers) >= {one["id"] for one in acknowledged} and len(numbers) == len(set(numbers))


def test_a_reader_in_another_process_follows(place: str, start: Start) -> None:
    log = fencepost.open(place, create=True)
    with log.writer() as writer:
        process = start(
            """
            import sys, fencepost, pyarrow as pa
            log = fencepost.open(sys.argv[1])
            print("ready")
            for entry in log.tail():
                print(*pa.table(entry)["id"].to_pylist())
                if 9 in pa.table(entry)["id"].to_pylist():
                    break
            """,
            place,
        )
        assert process.stdout.readline() == "ready\n"
        for number in range(10):
            writer.append(ids(number))
        assert process.communicate(timeout=PATIENCE)[0].split() == [str(n) for n in range(10)]


@pytest.mark.parametrize(
    "wait",
    [
        "next(log.tail())",
        "log.tail().to_reader().read_next_batch()",
        "log.writer(wait_timeout=None)",
        "writer.submit(pa.table({'id': [1]})).wait()",
        "asyncio.run(follow(log))",
    ],
)
def test_ctrl_c_ends_every_wait(place: str, start: Start, wait: str) -> None:
    log = fencepost.open(place, create=True)
    with log.writer():
        process = start(
            f"""
            import asyncio, sys, time, fencepost, pyarrow as pa
            log = fencepost.open(sys.argv[1])
            slow = fencepost.open(sys.argv[1] + "/slow", create=True)
            # Its first group waits for as long as this.
            writer = slow.writer(linger=3600, lease_ttl=None)

            async def follow(log):
                async for entry in await log.tail_async():
                    pass

            print("waiting")
            try:
                {wait}
            except KeyboardInterrupt:
                print("heard")
            """,
            place,
        )
        assert process.stdout.readline() == "waiting\n"
        # Until it is inside the call, whose beginning nobody can see from outside.
        heard = threading.Event()

        def interrupt() -> None:
            while not heard.wait(0.3):
                process.send_signal(signal.SIGINT)
                return

        thread = threading.Thread(target=interrupt)
        thread.start()
        out, err = process.communicate(timeout=PATIENCE)
        thread.join()
        assert out == "heard\n", err
        assert process.returncode == 0, err


def test_waiting_lets_other_threads_run(place: str) -> None:
    """If a wait held the interpreter's lock, the main thread would never come to write what the other waits for."""
    log = fencepost.open(place, create=True)
    found: list[int] = []
    with log.writer() as writer:
        tail = log.tail()
        thread = threading.Thread(target=lambda: found.append(next(tail).num_rows))
        thread.start()
        writer.append(ids(1, 2))
        thread.join(PATIENCE)
    assert found == [2]


def test_a_stream_lets_other_threads_run(place: str) -> None:
    log = fencepost.open(place, create=True)
    found: list[int] = []
    with log.writer() as writer:
        writer.append(ids(1))
        reader = pa.RecordBatchReader.from_stream(log.tail())

        def read() -> None:
            found.extend(reader.read_next_batch()["id"].to_pylist() for _ in range(2))

        thread = threading.Thread(target=read)
        thread.start()
        writer.append(ids(2))
        thread.join(PATIENCE)
    assert found == [[1], [2]]


def test_threads_share_a_writer(place: str) -> None:
    log = fencepost.open(place, create=True)
    with log.writer() as writer:

        def work(thread: int) -> None:
            for number in range(20):
                writer.append(ids(100 * thread + number))

        threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    numbers = read_ids(log)
    assert sorted(numbers) == sorted(100 * thread + number for thread in range(8) for number in range(20))
    for thread in range(8):
        own = [number for number in numbers if number // 100 == thread]
        assert own == sorted(own), "each thread's appends are in its order"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_forked_child_opens_for_itself(place: str, start: Start) -> None:
    process = start(
        """
        import os, sys, warnings, fencepost, pyarrow as pa
        warnings.simplefilter("ignore", DeprecationWarning)
        log = fencepost.open(sys.argv[1], create=True)
        writer = log.writer()
        writer.append(pa.table({"id": [0]}))
        reader, ticket = log.read(), writer.submit(pa.table({"id": [1]}))
        ticket.wait()
        if os.fork() == 0:
            append = lambda: writer.append(pa.table({"id": [9]}))
            for call in (log.status, append, lambda: next(reader), ticket.wait, writer.close):
                try:
                    call()
                except fencepost.InvalidError as error:
                    assert "fork" in str(error), error
                else:
                    raise AssertionError("a child used what belongs to its parent")
            # Dropping them there does not touch the parent's either.
            del log, writer, reader, ticket, append, call
            mine = fencepost.open(sys.argv[1])
            print("child", sum(entry.num_rows for entry in mine.read()))
            import asyncio
            async def count():
                return [entry.num_rows async for entry in await mine.read_async()]
            print("async", sum(asyncio.run(count())))
            sys.exit(0)
        _, status = os.wait()
        assert status == 0, status
        writer.append(pa.table({"id": [2]}))
        writer.close()
        print("parent", sum(entry.num_rows for entry in log.read()))
        """,
        place,
    )
    out, err = process.communicate(timeout=PATIENCE)
    assert out.splitlines() == ["child 2", "async 2", "parent 3"], err


def test_a_process_ends_with_a_writer_open(place: str) -> None:
    """Nothing keeps a program alive that has come to its end, and what was acknowledged is there."""
    program = f"""
import fencepost, pyarrow as pa, threading
log = fencepost.open({place!r}, create=True)
writer = log.writer()
writer.append(pa.table({{"id": [1]}}))
threading.Thread(target=lambda: next(log.tail(2)), daemon=True).start()
"""
    done = subprocess.run([sys.executable, "-c", program], timeout=PATIENCE, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert read_ids(fencepost.open(place)) == [1]


def test_logs_of_one_process_are_independent(place: str) -> None:
    logs = [fencepost.open(f"{place}/{number}", create=True) for number in range(4)]
    threads = [threading.Thread(target=fill, args=(log, range(5))) for log in logs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [read_ids(log) for log in logs] == [[0, 1, 2, 3, 4]] * 4
