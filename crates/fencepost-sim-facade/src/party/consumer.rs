//! Somebody who consumes the log with a cursor, and must never be told that what the cursor holds is gone.

use super::{Entries, at, read_failed, rest};
use crate::world::{Process, World, rows};
use fencepost::{Cursor, CursorName, Position, ReadError};
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use std::sync::{Arc, Mutex, PoisonError};

/// What a consumer knows through all its restarts.
#[derive(Clone, Debug, Default)]
pub(crate) struct Memory(Arc<Mutex<Known>>);

#[derive(Clone, Copy, Debug, Default)]
struct Known {
    /// The lowest position at which its cursor may be; `None` before it had one.
    cursor: Option<u64>,
    /// The highest position that it ever said it was done with, whether or not it heard that this was noted.
    /// Such a word may take effect late, so the cursor may be as high, and only what is above is held for
    /// certain (P-54).
    done: u64,
}

impl Memory {
    fn get(&self) -> Known {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, cursor: u64, done: u64) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *known = Known { cursor: Some(cursor), done: known.done.max(done) };
    }

    /// Whether a collection of `at` breaks what the cursor promises.
    fn holds(&self, at: Position) -> bool {
        let known = self.get();
        known.cursor.is_some() && at.get() > known.done
    }
}

pub(super) async fn live(
    world: &World,
    rounds: u32,
    process: &Process,
    rng: &mut ChaCha8Rng,
    name: &str,
    memory: &Memory,
) {
    let mut rounds = 0..rounds;
    while rounds.next().is_some() && !world.is_stopping() {
        let name = CursorName::parse(name).expect("party names are plain");
        let acked = world.oracle().highest_acked();
        let start = if memory.get().cursor.is_none() { rng.random_range(0..=acked) } else { 0 };
        match process.wal.cursor(name, Position::new(start)).await {
            Ok(mut cursor) => {
                opened(world, process, &cursor, memory);
                while rounds.next().is_some() && !world.is_stopping() {
                    if !consume(world, process, &mut cursor, rng, memory).await {
                        break;
                    }
                    rest(world, rng).await;
                }
            }
            Err(ReadError::Truncated { at, first }) => {
                world.oracle().truncated(&process.name, at.get(), first.get());
                if memory.holds(at) {
                    let how = format!("{}: {at} is gone", process.name);
                    world.oracle().breaks("what a cursor holds is not collected", how);
                }
            }
            Err(error) => read_failed(world, &process.name, &error, false),
        }
        rest(world, rng).await;
    }
}

fn opened(world: &World, process: &Process, cursor: &Cursor, memory: &Memory) {
    let at = cursor.position().get();
    world.store.note(&process.name, format!("cursor at {at}"));
    if let Known { cursor: Some(lowest), done } = memory.get()
        && !(lowest..=done).contains(&at)
    {
        let how = format!("{}: at {at}, was between {lowest} and {done}", process.name);
        world.oracle().breaks("cursors stay where they were left", how);
    }
    memory.set(at, at);
}

/// Reads some entries and moves on. Returns whether to go on with this cursor.
async fn consume(
    world: &World,
    process: &Process,
    cursor: &mut Cursor,
    rng: &mut ChaCha8Rng,
    memory: &Memory,
) -> bool {
    let opened = world.oracle().any_opened();
    let from = cursor.position().get() + 1;
    let mut reader = match process.wal.reader(cursor.read_from()).await {
        Ok(reader) => reader,
        Err(error) => {
            read_failed(world, &process.name, &error, opened);
            return true;
        }
    };
    let mut entries = Entries::new();
    for _ in 0..rng.random_range(1..20) {
        match reader.next().await {
            Ok(Some(entry)) => drop(entries.insert(entry.position().get(), rows(&entry))),
            Ok(None) => break,
            Err(error) => {
                if matches!(error, ReadError::Truncated { at, .. } if memory.holds(at)) {
                    let how = format!("{}: {error}, with a cursor at {}", process.name, from - 1);
                    world.oracle().breaks("what a cursor holds is not collected", how);
                }
                read_failed(world, &process.name, &error, opened);
                break;
            }
        }
    }
    let end = at(&reader);
    world.store.note(&process.name, format!("consumed {from} to below {end}: {entries:?}"));
    world.oracle().saw(&process.name, from, end - 1, &entries);
    let to = end - 1;
    if to < from {
        return true;
    }
    memory.set(from - 1, to);
    let advanced = cursor.advance(Position::new(to)).await;
    world.store.note(&process.name, format!("advanced to {to}: {advanced:?}"));
    match advanced {
        Ok(()) => {
            memory.set(to, to);
            true
        }
        Err(_) => false,
    }
}
