//! Somebody who reads: from the checkpoint, from anywhere, from where it stopped, or along the tail.

use super::{Entries, at, read_failed, rest};
use crate::world::{Process, World, rows};
use fencepost::{Position, ReadError, ReadFrom, ReadOptions, Reader, ResumePoint, TailEvent};
use rand::Rng;
use rand_chacha::ChaCha8Rng;

pub(super) async fn live(world: &World, rounds: u32, process: &Process, rng: &mut ChaCha8Rng) {
    let mut resume = None;
    for _ in 0..rounds {
        if world.is_stopping() {
            return;
        }
        match (world.plan.small, rng.random_range(0..5)) {
            (true, _) => read_all(world, process).await,
            (_, 0 | 1) => resume = range(world, process, ReadFrom::Checkpoint, None, rng).await,
            (_, 2) => {
                let from = rng.random_range(1..=world.oracle().highest_acked() + 2);
                resume =
                    range(world, process, ReadFrom::Position(Position::new(from)), Some(from), rng).await;
            }
            (_, 3) => {
                if let Some(point) = resume {
                    let (from, next) = (ReadFrom::Resume(point), Some(point.next.get()));
                    resume = range(world, process, from, next, rng).await;
                }
            }
            _ => follow(world, process, rng).await,
        }
        rest(world, rng).await;
    }
}

/// Reads a stretch. Returns where it ended, if it was not for an error.
async fn range(
    world: &World,
    process: &Process,
    from: ReadFrom,
    expected: Option<u64>,
    rng: &mut ChaCha8Rng,
) -> Option<ResumePoint> {
    let (opened, acked) = world.oracle().so_far();
    let last = rng.random_bool(0.3).then(|| Position::new(rng.random_range(1..=acked + 3)));
    let mut reader = match process.wal.reader(ReadOptions::from(from).with_end(last)).await {
        Ok(reader) => reader,
        Err(error) => {
            read_failed(world, &process.name, &error, opened);
            return None;
        }
    };
    let begin = at(&reader);
    if expected.is_some_and(|expected| expected != begin) {
        let how = format!("{}: asked for {expected:?}, begins at {begin}", process.name);
        world.oracle().breaks("reads begin where they are asked to", how);
    }
    // Some readers stop half-way.
    let limit = if rng.random_bool(0.2) { rng.random_range(0..5) } else { u64::MAX };
    let mut entries = Entries::new();
    let ended = loop {
        if entries.len() as u64 >= limit {
            break Ok(false);
        }
        match reader.next().await {
            Ok(Some(entry)) => drop(entries.insert(entry.position().get(), rows(&entry))),
            Ok(None) => break Ok(true),
            Err(error) => break Err(error),
        }
    };
    let end = at(&reader);
    world.store.note(&process.name, format!("read {begin} to below {end}: {entries:?}, {ended:?}"));
    world.oracle().saw(&process.name, begin, end - 1, &entries);
    match ended {
        Ok(whole) => {
            if whole && last.is_none() {
                world.oracle().came_to_tail(&process.name, begin, end, acked);
            }
            Some(reader.resume_point())
        }
        Err(error) => {
            read_failed(world, &process.name, &error, opened);
            None
        }
    }
}

/// Follows the tail for some polls.
async fn follow(world: &World, process: &Process, rng: &mut ChaCha8Rng) {
    let opened = world.oracle().any_opened();
    let mut tail = match process.wal.tail(ReadFrom::Checkpoint).await {
        Ok(tail) => tail,
        Err(error) => return read_failed(world, &process.name, &error, opened),
    };
    let begin = tail.resume_point().next.get();
    let mut entries = Entries::new();
    for _ in 0..rng.random_range(1..30) {
        match tail.poll().await {
            Ok(TailEvent::Entry(entry)) => drop(entries.insert(entry.position().get(), rows(&entry))),
            Ok(TailEvent::GivenUp { at }) => panic!("nobody repairs here, and {at} was given up"),
            Ok(TailEvent::Waiting(_)) if rng.random_bool(0.8) => tail.pause().await,
            Ok(TailEvent::Waiting(_)) => rest(world, rng).await,
            Err(error) => {
                read_failed(world, &process.name, &error, opened);
                break;
            }
        }
    }
    let end = tail.resume_point().next.get();
    world.store.note(&process.name, format!("followed {begin} to below {end}: {entries:?}"));
    world.oracle().saw(&process.name, begin, end - 1, &entries);
}

/// Reads everything there is, for a history.
async fn read_all(world: &World, process: &Process) {
    let read = world.history().read_begins();
    let opened = world.oracle().any_opened();
    match read_to_tail(world, process, Position::FIRST).await {
        Ok(entries) => world.history().read_ends(read, entries.into_values().flatten().collect()),
        Err(error) => read_failed(world, &process.name, &error, opened),
    }
}

/// Everything from `from` to the tail.
pub(crate) async fn read_to_tail(
    world: &World,
    process: &Process,
    from: Position,
) -> Result<Entries, ReadError> {
    let acked = world.oracle().highest_acked();
    let mut reader: Reader = process.wal.reader(ReadFrom::Position(from)).await?;
    let mut entries = Entries::new();
    while let Some(entry) = reader.next().await? {
        entries.insert(entry.position().get(), rows(&entry));
    }
    let end = at(&reader);
    world.store.note(&process.name, format!("read {from} to below {end}: {entries:?}"));
    let mut oracle = world.oracle();
    oracle.saw(&process.name, from.get(), end - 1, &entries);
    oracle.came_to_tail(&process.name, from.get(), end, acked);
    Ok(entries)
}
