//! Logs that are sealed, copied and made anew while writers of the old one are alive: whatever any of them is told
//! is in the log, before or after, is in the new one.

use crate::support::{World, append, append_all, batch, close, options, rows, settle};
use fencepost::{
    ErrorKind, ExportError, Import, ImportError, LogStore, OpenWriterError, Position, ReadFrom,
    RestoreRefused, ShardStatus, StoreOptions, Unsealed, Wal,
};
use fencepost_store::wrap::{Fault, Op};
use std::collections::BTreeSet;

/// A store of its own.
fn place() -> LogStore {
    let store = std::sync::Arc::new(object_store::memory::InMemory::new());
    LogStore::new(store, object_store::path::Path::default(), StoreOptions::new())
}

/// The copy's log at a new place, made as an import makes it.
async fn made_of(copy: &LogStore, source: &Wal) -> Result<Wal, ImportError> {
    let to = place();
    let import = Import::open(copy.clone()).await?;
    let made = import.make(Some(source), false, &to, None, |_, _, _| ()).await?;
    Ok(Wal::in_store(to).with_shard(made.shard).open().await.unwrap())
}

/// P-10, P-150.
#[tokio::test(start_paused = true)]
async fn a_sealed_log_ends_at_its_close_entry_until_the_seal_is_lifted() {
    let world = World::new().await;
    append_all(&world.writer().await, 1..=3).await;
    let sealed = world.wal.seal(options(), |_| ()).await.unwrap();
    let manifest = world.wal.manifest().await.unwrap();
    assert_eq!((manifest.status, manifest.writer_epoch), (ShardStatus::Sealed, sealed.epoch));
    let layout = world.layout().await;
    assert!(layout.ends_with(&format!("{}:c2", sealed.tail.unwrap())), "{layout}");
    let refused = world.wal.open_writer(options()).await.unwrap_err();
    assert!(matches!(refused, OpenWriterError::Sealed), "{refused}");
    assert_eq!(world.wal.seal(options(), |_| ()).await.unwrap().tail, None, "it was sealed before");
    assert_eq!(world.layout().await, layout);

    let Unsealed::Lifted(epoch) = world.wal.unseal().await.unwrap() else { panic!("it was sealed") };
    assert_eq!(epoch, sealed.epoch.next());
    assert_eq!(world.wal.unseal().await.unwrap(), Unsealed::NotSealed);
    let writer = world.writer().await;
    assert_eq!(writer.epoch(), epoch.next());
    append_all(&writer, 4..=4).await;
    assert_eq!(world.rows().await, [1, 2, 3, 4]);
}

/// P-151 to P-153.
#[tokio::test(start_paused = true)]
async fn what_an_old_writer_is_told_is_in_the_restored_log_whenever_its_puts_arrive() {
    let (mut refused_late, mut acknowledged_late, mut live_refused) = (0, 0, 0);
    for seed in 0..SEEDS {
        let mut dice = Dice(seed);
        let world = World::new().await;
        let old = world.writer().await;
        let before = 1 + dice.below(5) as i64;
        append_all(&old, 0..before).await;
        if dice.below(2) == 0 {
            old.checkpoint(Position::new(2)).await.unwrap();
        }
        let live = place();
        world.truth.export(&live, "memory", |_, _, _| ()).await.unwrap();
        // Its next PUTs stall before they reach the store.
        let held = world.faults.hold(Op::Put, crate::support::any_entry);
        let mut tickets = Vec::new();
        for number in before..before + 1 + dice.below(8) as i64 {
            tickets.push((number, old.submit(vec![batch([number])]).await.unwrap()));
        }
        settle().await;
        // They arrive before the seal, or after it, or after the restore.
        let when = dice.below(3);
        if when == 0 {
            held.release();
            settle().await;
        }
        let refused = made_of(&live, &world.truth).await.unwrap_err();
        assert!(
            matches!(refused, ImportError::Refused { why: RestoreRefused::NotSealed { .. } }),
            "{refused}"
        );
        world.truth.seal(options(), |_| ()).await.unwrap();
        if when == 1 {
            held.release();
            settle().await;
        }
        let refused = made_of(&live, &world.truth).await.unwrap_err();
        let before_seal =
            matches!(refused, ImportError::Refused { why: RestoreRefused::CopiedBefore { .. } });
        live_refused += u32::from(before_seal);
        assert_eq!(refused.kind(), ErrorKind::Held, "seed {seed}: {refused}");
        let copy = place();
        let exported = world.truth.export(&copy, "memory", |_, _, _| ()).await.unwrap().export;
        assert!(exported.sealed, "seed {seed}");
        let new = made_of(&copy, &world.truth).await.unwrap();
        held.release();
        settle().await;
        let mut told: BTreeSet<i64> = (0..before).collect();
        for (number, ticket) in tickets {
            match ticket.await {
                Ok(_) => {
                    assert_eq!(when, 0, "seed {seed}: {number} was acknowledged after the seal");
                    acknowledged_late += 1;
                    told.insert(number);
                }
                Err(error) => {
                    assert!(error.is_definite(), "seed {seed}: {error}");
                    refused_late += 1;
                }
            }
        }
        let writer = new.open_writer(options()).await.unwrap();
        assert_eq!(writer.epoch().get(), exported.epoch.get() + (1 << 20) + 2, "seed {seed}");
        append(&writer, 1_000).await.unwrap();
        close(writer).await.unwrap();
        let found = rows(&new, ReadFrom::Checkpoint).await.unwrap();
        // The checkpoint covers what it covered.
        let covered = exported.replay_after.get().saturating_sub(1) as i64;
        let expected: Vec<i64> =
            told.into_iter().filter(|number| *number >= covered).chain([1_000]).collect();
        assert_eq!(found, expected, "seed {seed}");
        assert!(new.verify(|_, _| ()).await.unwrap().is_ok(), "seed {seed}");
    }
    assert!(
        refused_late > SEEDS && acknowledged_late > 0 && live_refused > 0,
        "the dangerous states were met"
    );
}

/// P-151: an export that was overtaken by a collection would be of what landed late, for all it knows.
#[tokio::test(start_paused = true)]
async fn a_collection_under_an_export_spoils_it() {
    let world = World::new().await;
    let writer = world.writer().await;
    append_all(&writer, 1..=9).await;
    let first = world.wal.paths().entry(Position::new(2));
    let held = world.faults.hold(Op::Get, move |path| path == first);
    let to = place();
    let collected = async {
        settle().await;
        writer.checkpoint(Position::new(5)).await.unwrap();
        world.truth.collector().run().await.unwrap();
        held.release();
    };
    let (spoilt, ()) = tokio::join!(world.wal.export(&to, "memory", |_, _, _| ()), collected);
    let spoilt = spoilt.unwrap_err();
    assert!(matches!(spoilt, ExportError::Collected { .. } | ExportError::Entry { .. }), "{spoilt}");
    assert!(matches!(Import::open(to).await.unwrap_err(), ImportError::NoExport { .. }), "it is not whole");
}

/// P-152: without a look, only somebody's word helps; a look that fails is no look.
#[tokio::test(start_paused = true)]
async fn a_copy_of_a_log_that_is_not_to_be_found_needs_somebodys_word() {
    let world = World::new().await;
    append_all(&world.writer().await, 1..=3).await;
    let copy = place();
    world.truth.export(&copy, "memory", |_, _, _| ()).await.unwrap();
    let (import, to) = (Import::open(copy).await.unwrap(), place());
    let make =
        async |source: Option<&Wal>, vouched| import.make(source, vouched, &to, None, |_, _, _| ()).await;
    let refused = make(None, false).await.unwrap_err();
    assert!(matches!(refused, ImportError::Refused { why: RestoreRefused::NotFound }), "{refused}");
    let refused = make(Some(&world.truth), true).await.unwrap_err();
    assert!(matches!(refused, ImportError::Refused { why: RestoreRefused::NotSealed { .. } }), "{refused}");
    let _ = world.faults.on(Op::List, |_| true, Fault::Refuse);
    let blind = make(Some(&world.wal), true).await.unwrap_err();
    assert!(matches!(blind, ImportError::Source { .. }), "{blind}");
    let made = make(None, true).await.unwrap();
    assert_eq!(made.entries, 4);
    // A log is made once.
    assert!(matches!(make(None, true).await.unwrap_err(), ImportError::Occupied { .. }));
}

/// P-153: whoever comes to the place of an import that was broken off opens no part of a log.
#[tokio::test(start_paused = true)]
async fn an_import_that_was_broken_off_is_sealed_and_goes_on() {
    let world = World::new().await;
    append_all(&world.writer().await, 1..=3).await;
    world.truth.seal(options(), |_| ()).await.unwrap();
    let (copy, to) = (place(), place());
    world.truth.export(&copy, "memory", |_, _, _| ()).await.unwrap();
    let name = fencepost_format::export_entry_name(Position::new(3));
    let entry = copy.get_up_to(&name, 1 << 20).await.into_result().unwrap().unwrap().bytes;
    assert!(copy.delete([&name]).await[0].result.is_ok());
    let import = Import::open(copy.clone()).await.unwrap();
    let broken_off = import.make(Some(&world.truth), false, &to, None, |_, _, _| ()).await.unwrap_err();
    assert!(matches!(broken_off, ImportError::Damaged { .. }), "{broken_off}");

    let part = Wal::in_store(to.clone()).open().await.unwrap();
    let refused = part.open_writer(options()).await.unwrap_err();
    assert!(matches!(refused, OpenWriterError::Sealed), "{refused}");
    let problems = part.verify(|_, _| ()).await.unwrap().problems;
    assert!(problems.iter().any(|problem| problem.what.contains("If this is an import")), "{problems:?}");

    copy.create(&name, entry.into()).await.unwrap();
    let made = import.make(Some(&world.truth), false, &to, None, |_, _, _| ()).await.unwrap();
    assert_eq!(made.shard, part.shard());
    close(part.open_writer(options()).await.unwrap()).await.unwrap();
    assert_eq!(rows(&part, ReadFrom::Checkpoint).await.unwrap(), [1, 2, 3]);
}

const SEEDS: u64 = 24;

/// Numbers that look random.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}
