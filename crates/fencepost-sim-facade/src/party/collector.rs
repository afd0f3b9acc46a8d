//! A collector: runs, is broken off, and runs again.

use super::rest;
use crate::world::{Process, World};
use fencepost::{CollectError, Policy};
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use std::time::Duration;

pub(super) async fn live(world: &World, rounds: u32, keep: u64, process: &Process, rng: &mut ChaCha8Rng) {
    for _ in 0..rounds {
        if world.is_stopping() {
            return;
        }
        // No age spares anything, so that manifests go under the eyes of those who search for them.
        let policy = Policy::new().with_manifests_keep(keep).with_manifests_age(Duration::ZERO);
        let policy =
            if rng.random_bool(0.2) { policy.with_retain_entries(rng.random_range(1..20)) } else { policy };
        let collector = process.wal.collector().with_policy(policy);
        let limit = if rng.random_bool(0.2) { rng.random_range(1..5_000) } else { 86_400_000 };
        match tokio::time::timeout(Duration::from_millis(limit), collector.run()).await {
            Ok(Ok(collected)) => {
                let deleted = collected.report.deleted.entries;
                world.store.note(
                    &process.name,
                    format!("collected up to {}: {deleted} entries", collected.report.boundary),
                );
                let mut oracle = world.oracle();
                oracle.tally.collections += 1;
                oracle.tally.deleted += deleted;
            }
            Ok(Err(error)) => {
                world.store.note(&process.name, format!("not collected: {error}"));
                if matches!(error, CollectError::Manifest { .. }) {
                    world.oracle().breaks("nothing is damaged", format!("{}: {error}", process.name));
                }
            }
            Err(_) => world.store.note(&process.name, "broke off a collection"),
        }
        rest(world, rng).await;
    }
}
