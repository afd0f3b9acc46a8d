//! When nothing goes wrong any more: a fresh writer must open, append and be read, and what was said must all
//! be true.

use crate::clock::Clock;
use crate::party::read_to_tail;
use crate::world::{Process, World, row};
use fencepost::{Policy, Position, Takeover, WriterOptions};
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::time::{Instant, timeout};

pub(crate) async fn check(world: &World, origin: Instant) {
    let clock = Clock::new(origin, (0, 1_000));
    // First while late requests may still come, then when all have come, then after a collection.
    for stage in ["quiet", "settled", "collected"] {
        let judge = world.judge(&format!("judge-{stage}"), &clock).await;
        match stage {
            "settled" => {
                let landed = world.store.land_pending();
                world.store.note(&judge.name, format!("landed {landed} late ones"));
            }
            "collected" => collect(world, &judge).await,
            _ => {}
        }
        let Ok(done) = timeout(BUDGET, append(world, &judge)).await else {
            return stuck(world, format!("{} could not append within {BUDGET:?}", judge.name));
        };
        let Some(replay_after) = done else {
            return stuck(world, format!("{} was not let in {ATTEMPTS} times", judge.name));
        };
        let reader = world.judge(&format!("reader-{stage}"), &clock).await;
        let read = timeout(BUDGET, read_to_tail(world, &reader, Position::new(replay_after + 1))).await;
        let above = match read {
            Ok(Ok(above)) => above,
            Ok(Err(error)) => return stuck(world, format!("{} could not read: {error}", reader.name)),
            Err(_) => return stuck(world, format!("{} could not read within {BUDGET:?}", reader.name)),
        };
        world.oracle().judge(replay_after, &above);
        if stage == "settled" {
            linearizable(world, above);
        }
        if !world.oracle().broken().is_empty() {
            return;
        }
    }
}

/// Opens a writer, appends some rows and closes. Returns where the checkpoint is.
async fn append(world: &World, judge: &Process) -> Option<u64> {
    let options =
        || WriterOptions::new().with_takeover(Takeover::Now).with_lease_ttl(None).with_store_probe(false);
    for _ in 0..ATTEMPTS {
        let writer = match judge.wal.open_writer(options()).await {
            Ok(writer) => writer,
            Err(error) => {
                world.store.note(&judge.name, format!("not opened: {error}"));
                continue;
            }
        };
        let (number, replay_after) = (world.oracle().opened(), writer.status().replay_after.get());
        let mut last = None;
        for _ in 0..3 {
            let id = world.oracle().submit(number);
            if world.plan.small {
                world.history().append_begins(id);
            }
            last = Some(writer.append(&[row(id)]).await);
            match &last {
                Some(Ok(done)) => {
                    world.oracle().acked(id, done.position.get());
                    if world.plan.small {
                        world.history().append_ends(id);
                    }
                }
                Some(Err(error)) if error.is_definite() => world.oracle().refused(id),
                _ => {}
            }
        }
        let closed = writer.close().await;
        if let (Some(Ok(_)), Ok(())) = (&last, &closed) {
            return Some(replay_after);
        }
        // A claim that was made in the time of chaos came late. It can do so only once.
        world.store.note(&judge.name, format!("not in peace: {last:?}, {closed:?}"));
    }
    None
}

async fn collect(world: &World, judge: &Process) {
    let policy = Policy::new().with_manifests_keep(1).with_manifests_age(Duration::ZERO);
    match timeout(BUDGET, judge.wal.collector().with_policy(policy).run()).await {
        Ok(Ok(_)) => {}
        Ok(Err(error)) => stuck(world, format!("{} could not collect: {error}", judge.name)),
        Err(_) => stuck(world, format!("{} could not collect within {BUDGET:?}", judge.name)),
    }
}

fn linearizable(world: &World, above: BTreeMap<u64, Vec<u64>>) {
    if !world.plan.small {
        return;
    }
    let log: Vec<u64> = above.into_values().flatten().collect();
    let verdict = world.history().is_linearizable(&log);
    let mut oracle = world.oracle();
    oracle.tally.histories += u64::from(verdict.is_some());
    if verdict == Some(false) {
        let how = format!("{:?}", world.history());
        oracle.breaks("histories are linearizable", how);
    }
}

fn stuck(world: &World, how: String) {
    world.oracle().breaks("a quiet store heals the log", how);
}

const ATTEMPTS: u32 = 20;
/// Much longer than anything should take on a store that behaves.
const BUDGET: Duration = Duration::from_secs(3_600);
