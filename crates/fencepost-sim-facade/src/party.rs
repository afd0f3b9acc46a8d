//! The parties: each is a future that uses the facade as a program would, and tells the oracle everything
//! that it is told.

mod collector;
mod consumer;
mod reader;
mod writer;

use crate::clock::Clock;
use crate::plan::{Party, Role};
use crate::world::{Process, World};
use fencepost::{GaveUp, ReadError, Reader};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

pub(crate) use consumer::Memory;
pub(crate) use reader::read_to_tail;

/// Runs one life of a party to its end. `life` counts its restarts; `memory` survives them.
pub(crate) async fn live(world: Arc<World>, index: usize, process: Process, life: u64, memory: Memory) {
    let party = &world.plan.parties[index];
    let mut rng = ChaCha8Rng::seed_from_u64(world.plan.seed);
    rng.set_stream((index as u64 + 1) << 16 | life);
    if life == 0 {
        world.sleep(party.start).await;
    }
    match &party.role {
        Role::Writer { .. } => writer::live(&world, &party.role, &process, &mut rng).await,
        Role::Reader { rounds } => reader::live(&world, *rounds, &process, &mut rng).await,
        Role::Consumer { rounds } => {
            consumer::live(&world, *rounds, &process, &mut rng, &party.name, &memory).await
        }
        Role::Collector { rounds, keep } => collector::live(&world, *rounds, *keep, &process, &mut rng).await,
    }
}

/// How long the process of a party tries.
pub(crate) const fn retry_timeout(party: &Party) -> Duration {
    match party.role {
        Role::Writer { retry_timeout, .. } => retry_timeout,
        _ => Duration::from_secs(60),
    }
}

pub(crate) async fn start(world: &World, party: &Party, clock: &Clock) -> Process {
    world.process(party, clock, retry_timeout(party)).await
}

/// A pause between two doings of a party.
async fn rest(world: &World, rng: &mut ChaCha8Rng) {
    let most = world.plan.horizon.mul_f64(0.15);
    let part: f64 = rng.random_range(0.0_f64..1.0).powi(6);
    world.sleep(most.mul_f64(part).max(Duration::from_millis(1))).await;
}

type Entries = BTreeMap<u64, Vec<u64>>;

/// A reading that ended with an error: what may it say?
fn read_failed(world: &World, who: &str, error: &ReadError, opened_before: bool) {
    let mut oracle = world.oracle();
    match error {
        ReadError::Truncated { at, first } => oracle.truncated(who, at.get(), first.get()),
        ReadError::NoLog { .. } if opened_before => {
            oracle.breaks("a log that was opened is there", format!("{who} was told that there is none"));
        }
        ReadError::GaveUp { why, .. } => damaged(&mut oracle, who, why),
        ReadError::Rows { source } => oracle.breaks("nothing is damaged", format!("{who}: {source}")),
        _ => {}
    }
}

/// Nothing in these runs damages objects or rolls the store back, so nobody may say so.
fn damaged(oracle: &mut crate::Oracle, who: &str, why: &GaveUp) {
    use GaveUp::{DamagedEntry, DamagedManifest, LostEntry, RolledBack, WentBack};
    let damage = matches!(
        why,
        DamagedEntry(_) | LostEntry { .. } | DamagedManifest(_) | RolledBack { .. } | WentBack { .. }
    );
    if damage {
        oracle.breaks("nothing is damaged", format!("{who}: {why:?}"));
    }
}

/// Where a reader is.
fn at(reader: &Reader) -> u64 {
    reader.resume_point().next.get()
}
