//! Entries that are lost, damaged or unreadable (P-90 to P-94): nobody passes over one in silence, a healthy
//! log is never called damaged, and an operator can go on without what is gone.

use crate::support::{World, append, append_all, rows_from, settle, submit, wal_builder};
use fencepost::{
    AppendError, CollectError, DecodeLimits, ErrorKind, GaveUp, GiveUp, OpenWriterError, PlanError, Position,
    ProblemKind, ReadError, RepairError, Verification,
};
use fencepost_store::PutPayload;
use fencepost_store::wrap::{Fault, Op};
use std::sync::Arc;

/// `1:h1 2-6:d1 7:c1`, with the rows 2 to 6.
async fn closed() -> World {
    let world = World::new().await;
    let writer = world.writer().await;
    append_all(&writer, 2..=6).await;
    writer.close().await.unwrap();
    assert_eq!(world.layout().await, "1:h1 2-6:d1 7:c1");
    world
}

async fn verified(world: &World) -> Verification {
    world.wal.verify(|_, _| ()).await.unwrap()
}

fn kinds(found: &Verification) -> Vec<ProblemKind> {
    found.problems.iter().map(|problem| problem.kind).collect()
}

const fn at(position: u64) -> Position {
    Position::new(position)
}

/// What an opening says is lost, or where the writer that it makes goes on.
async fn opened(world: &World) -> Result<u64, (u64, u64)> {
    match world.wal.open_writer(crate::support::options()).await {
        Ok(writer) => Ok(append(&writer, 100).await.unwrap()),
        Err(OpenWriterError::GaveUp { why: GaveUp::LostEntry { at, proof }, .. }) => {
            Err((at.get(), proof.get()))
        }
        Err(other) => panic!("{other}"),
    }
}

async fn give_up(world: &World, choice: GiveUp) -> Vec<Option<String>> {
    let plan = verified(world).await.plan_repair(&[choice]).unwrap();
    let done = world.wal.repair(&plan, |_| ()).await.unwrap();
    done.into_iter().map(|repaired| repaired.set_aside).collect()
}

async fn overwrite(world: &World, position: u64, bytes: &'static [u8]) {
    let path = world.truth.paths().entry(at(position));
    world.truth.store().put_overwrite(path, PutPayload::from_static(bytes)).await.unwrap();
}

/// P-116: a new first manifest would let a writer begin at position 1, beneath what was read and collected.
#[tokio::test(start_paused = true)]
async fn a_log_whose_manifests_are_lost_is_no_new_log() {
    for collected in [false, true] {
        let world = closed().await;
        if collected {
            // The boundary alone tells of the entries.
            let writer = world.writer().await;
            writer.checkpoint(at(6)).await.unwrap();
            world.wal.collector().run().await.unwrap();
            let left: Vec<_> = crate::support::headers(&world.truth).await.into_keys().collect();
            world.delete_entries(left).await;
        }
        let store = world.truth.store();
        let manifests = store.list_all(world.truth.paths().manifest_dir()).await.unwrap();
        for gone in store.delete(manifests.into_iter().map(|manifest| manifest.path)).await {
            gone.result.unwrap();
        }
        let before = world.layout().await;
        let refused = world.wal.open_writer(crate::support::options()).await.unwrap_err();
        assert!(matches!(refused, OpenWriterError::ManifestsLost { .. }), "{refused}");
        assert_eq!(refused.kind(), ErrorKind::Damaged);
        for read in [
            world.wal.manifest().await.unwrap_err(),
            world.wal.verify(|_, _| ()).await.unwrap_err(),
            world.wal.tail_position().await.unwrap_err(),
            rows_from(&world.wal, 1).await.unwrap_err(),
        ] {
            assert!(matches!(read, ReadError::ManifestsLost { .. }), "{read}");
        }
        let collected = world.wal.collector().run().await.unwrap_err();
        assert!(matches!(collected, CollectError::ManifestsLost { .. }), "{collected}");
        assert_eq!(world.layout().await, before);
        assert!(store.list_all(world.truth.paths().manifest_dir()).await.unwrap().is_empty());
    }
}

/// P-116: of two first writers, the slower one sees the entries of the other before its manifest.
#[tokio::test(start_paused = true)]
async fn a_log_that_comes_to_be_meanwhile_is_not_lost() {
    let world = World::new().await;
    let entries = world.truth.paths().wal_dir();
    let looks = world.faults.hold(Op::List, move |path| path.starts_with(&entries));
    let slow = world.wal.clone();
    let slow = tokio::spawn(async move { slow.open_writer(crate::support::options()).await });
    looks.arrived().await;
    let quick = world.truth.open_writer(crate::support::options()).await.unwrap();
    append_all(&quick, 1..=2).await;
    looks.release();
    let slow = slow.await.unwrap().unwrap();
    append_all(&slow, [3]).await;
    assert_eq!((slow.epoch().get(), world.rows().await), (2, vec![1, 2, 3]));
}

/// P-90, P-91: whichever entry is lost. Of the last one nothing tells that it was there.
#[tokio::test(start_paused = true)]
async fn no_opener_passes_over_a_lost_entry() {
    for lost in 1..=6 {
        let world = closed().await;
        world.delete_entries([lost]).await;
        let before = world.layout().await;
        assert_eq!(opened(&world).await, Err((lost, 7)));
        assert_eq!(world.layout().await, before, "nothing was put into the gap");
        let expect = ProblemKind::Lost { first: at(lost), last: at(lost), proof: at(7) };
        assert_eq!(kinds(&verified(&world).await), [expect]);
    }
    let world = closed().await;
    world.delete_entries([7]).await;
    assert!(verified(&world).await.is_ok());
    assert_eq!(opened(&world).await, Ok(71), "a fence entry at 7 and its fillers");
}

/// P-90: several, and a lost fence entry, which its fillers and the rows above prove.
#[tokio::test(start_paused = true)]
async fn lost_runs_and_lost_fences_are_noticed() {
    let world = closed().await;
    world.delete_entries([3, 4, 6]).await;
    assert_eq!(opened(&world).await, Err((3, 7)));
    let lost = |first, last| ProblemKind::Lost { first: at(first), last: at(last), proof: at(7) };
    assert_eq!(kinds(&verified(&world).await), [lost(3, 4), lost(6, 6)]);

    let world = World::new().await;
    append_all(&world.writer().await, 1..=3).await;
    append_all(&world.writer().await, 4..=5).await;
    assert_eq!(world.layout().await, "1:h1 2-4:d1 5:p2 6-68:f2 69-70:d2");
    world.delete_entries([5]).await;
    assert_eq!(opened(&world).await, Err((5, 69)));
}

/// P-90: what a dead writer leaves is a gap as well, and no loss.
#[tokio::test(start_paused = true)]
async fn the_gap_of_a_dead_writer_is_a_note_and_no_problem() {
    let world = World::new().await;
    let writer = world.writer().await;
    append_all(&writer, [2]).await;
    let held = world.faults.hold(Op::Put, world.entry(3)).times(1);
    let (_first, _second) = (submit(&writer, 3).await, submit(&writer, 4).await);
    settle().await;
    assert_eq!((held.hits(), world.layout().await.as_str()), (1, "1:h1 2:d1 4:d1"));
    let found = verified(&world).await;
    assert!(found.is_ok(), "{:?}", found.problems);
    assert_eq!(found.notes.len(), 1);
    assert_eq!(found.notes[0].kind, ProblemKind::Gap { first: at(3), last: at(3) });
    assert!(matches!(
        found.plan_repair(&[GiveUp::Gap { first: at(3), last: at(3) }]),
        Err(PlanError::NotThat { .. })
    ));
    assert_eq!(opened(&world).await, Ok(67));
}

/// P-92: an entry that lands between an opener's first look and its verdict is no loss.
#[tokio::test(start_paused = true)]
async fn an_entry_that_lands_late_is_replayed() {
    let world = World::new().await;
    let writer = world.writer().await;
    append_all(&writer, [2]).await;
    let late = world.faults.hold(Op::Put, world.entry(3));
    let ticket = submit(&writer, 3).await;
    let closing = tokio::spawn(async move { (ticket.await, writer.close().await) });
    settle().await;
    // The opener has found 3 absent, and is kept from looking above it until 3 and the close entry are there.
    let looks = world.faults.hold(Op::Head, world.entry(4));
    let wal = world.wal.clone();
    let opening = tokio::spawn(async move { wal.open_writer(crate::support::options()).await });
    looks.arrivals(1).await;
    late.release();
    let (appended, closed) = closing.await.unwrap();
    assert_eq!(appended.unwrap().position, at(3));
    closed.unwrap();
    looks.release();
    opening.await.unwrap().unwrap();
    assert_eq!(world.layout().await, "1:h1 2-3:d1 4:c1 5:h2");
}

/// P-93: the way out. The position is occupied for ever, by something that everybody passes.
#[tokio::test(start_paused = true)]
async fn a_lost_entry_is_given_up_and_the_log_goes_on() {
    let world = closed().await;
    world.delete_entries([3]).await;
    assert_eq!(give_up(&world, GiveUp::Gap { first: at(3), last: at(3) }).await, [None]);
    assert_eq!(world.layout().await, "1:h1 2:d1 3:t1 4-6:d1 7:c1");
    assert_eq!(world.rows().await, [2, 4, 5, 6]);
    let found = verified(&world).await;
    assert!(found.is_ok(), "{:?}", found.problems);
    assert_eq!(found.given_up, [at(3)]);

    let writer = world.writer().await;
    append_all(&writer, [9]).await;
    assert_eq!(world.rows().await, [2, 4, 5, 6, 9]);
    writer.checkpoint(writer.status().acknowledged).await.unwrap();
    world.wal.collector().run().await.unwrap();
    assert_eq!(world.layout().await, "3:t1 9:d2", "the tombstone stays, and the highest entry");
    append_all(&writer, [10]).await;
    assert_eq!(world.rows().await, [10]);
}

/// P-93: of a lost fence entry the tombstone takes over the work: what a dead writer sends late collides with it.
#[tokio::test(start_paused = true)]
async fn a_tombstone_of_a_fence_keeps_late_appends_out() {
    let world = World::new().await;
    let stalled = world.writer().await;
    append_all(&stalled, 2..=4).await;
    let late = world.faults.hold(Op::Put, world.entry(5)).times(1);
    let ticket = submit(&stalled, 5).await;
    settle().await;
    let successor = world.truth.open_writer(crate::support::options()).await.unwrap();
    append_all(&successor, [69]).await;
    world.delete_entries([5]).await;
    give_up(&world, GiveUp::Gap { first: at(5), last: at(5) }).await;
    successor.checkpoint(successor.status().acknowledged).await.unwrap();
    world.truth.collector().run().await.unwrap();
    assert_eq!(world.layout().await, "5:t2 69:d2");
    late.release();
    let refused = ticket.await.unwrap_err();
    assert!(matches!(refused, AppendError::Fenced { .. }), "{refused}");
}

/// P-94, F-25: damaged bytes are kept aside, and the position is never empty.
#[tokio::test(start_paused = true)]
async fn a_damaged_entry_is_given_up_and_its_bytes_are_kept() {
    let world = closed().await;
    overwrite(&world, 4, b"no entry").await;
    let found = verified(&world).await;
    assert_eq!(kinds(&found), [ProblemKind::Damaged { at: at(4) }]);
    let refused = found.plan_repair(&[GiveUp::Gap { first: at(4), last: at(4) }]).unwrap_err();
    assert!(refused.to_string().contains("its entry is damaged"), "{refused}");
    assert!(matches!(found.plan_repair(&[GiveUp::Unreadable(at(4))]), Err(PlanError::NotThat { .. })));

    let set_aside = give_up(&world, GiveUp::Damaged(at(4))).await;
    let aside = set_aside[0].as_ref().unwrap();
    let kept = world.truth.store().get(aside).await.into_result().unwrap().unwrap();
    assert_eq!(&kept.bytes[..], b"no entry");
    assert_eq!(world.layout().await, "1:h1 2-3:d1 4:t1 5-6:d1 7:c1");
    assert_eq!(world.rows().await, [2, 3, 5, 6]);
    assert_eq!(opened(&world).await, Ok(9));
}

/// P-94: what cannot be read is not called damaged, and not given up as such.
#[tokio::test(start_paused = true)]
async fn an_unreadable_entry_is_told_from_a_damaged_one() {
    let world = closed().await;
    let denied = world.faults.on(Op::Get, world.entry(4), Fault::Deny);
    let found = verified(&world).await;
    assert_eq!(kinds(&found), [ProblemKind::Unreadable { at: at(4) }]);
    assert!(found.plan_repair(&[GiveUp::Damaged(at(4))]).is_err());
    let plan = found.plan_repair(&[GiveUp::Unreadable(at(4))]).unwrap();
    // Access was given back meanwhile: there is nothing to give up.
    denied.stop();
    let refused = world.wal.repair(&plan, |_| ()).await.unwrap_err();
    assert!(matches!(refused, RepairError::NotAiling { .. }), "{refused}");
    assert_eq!(world.rows().await, [2, 3, 4, 5, 6]);

    let _denied = world.faults.on(Op::Get, world.entry(4), Fault::Deny);
    world.wal.repair(&plan, |_| ()).await.unwrap();
    assert_eq!(world.layout().await, "1:h1 2-3:d1 4:t1 5-6:d1 7:c1");
}

/// P-94: an entry above this program's limits is not withheld, and may be sound. It is neither called
/// unreadable nor given up as such.
#[tokio::test(start_paused = true)]
async fn an_entry_that_is_too_large_for_this_program_is_left_alone() {
    let world = closed().await;
    let denied = world.faults.on(Op::Get, world.entry(4), Fault::Deny);
    let plan = verified(&world).await.plan_repair(&[GiveUp::Unreadable(at(4))]).unwrap();
    denied.stop();
    let limits = DecodeLimits::DEFAULT.with_object_bytes_max(100);
    let strict = wal_builder(Arc::new(world.faults.clone())).with_decode_limits(limits).open().await.unwrap();
    let refused = strict.repair(&plan, |_| ()).await.unwrap_err();
    assert!(matches!(refused, RepairError::LeftAlone { .. }), "{refused}");
    assert!(refused.to_string().contains("100"), "{refused}");
    let found = strict.verify(|_, _| ()).await.unwrap();
    assert!(kinds(&found).iter().all(|kind| *kind == ProblemKind::Other), "{:?}", found.problems);
    assert_eq!(world.rows().await, [2, 3, 4, 5, 6]);
}

/// P-92 to P-94: a plan that is old does no harm.
#[tokio::test(start_paused = true)]
async fn a_repair_changes_nothing_that_is_sound_by_then() {
    let world = closed().await;
    let path = world.truth.paths().entry(at(3));
    let bytes = world.truth.store().get(&path).await.into_result().unwrap().unwrap().bytes;
    world.delete_entries([3]).await;
    let plan = verified(&world).await.plan_repair(&[GiveUp::Gap { first: at(3), last: at(3) }]).unwrap();
    world.truth.store().create(&path, bytes.into()).await.unwrap();
    assert!(matches!(world.wal.repair(&plan, |_| ()).await, Err(RepairError::NotAiling { .. })));
    assert_eq!(world.rows().await, [2, 3, 4, 5, 6]);
    // Twice is once.
    world.delete_entries([3]).await;
    assert!(world.wal.repair(&plan, |_| ()).await.unwrap()[0].put);
    assert!(!world.wal.repair(&plan, |_| ()).await.unwrap()[0].put);
}

/// P-90: whoever took the gap for the tail has put a fence entry there. The entries above were acknowledged,
/// and it is said.
#[tokio::test(start_paused = true)]
async fn a_gap_that_was_closed_by_a_fence_is_still_told() {
    let world = closed().await;
    world.delete_entries([3]).await;
    let fence = fencepost_format::encode_marker(
        fencepost::EntryKind::Fence,
        at(3),
        fencepost::Epoch::new(2),
        fencepost::Nonce(77),
    );
    world.truth.store().create(world.truth.paths().entry(at(3)), fence.into()).await.unwrap();
    let found = verified(&world).await;
    assert!(
        kinds(&found).contains(&ProblemKind::FencedOff { at: at(3), proof: at(7) }),
        "{:?}",
        found.problems
    );
    assert_eq!(rows_from(&world.wal, 1).await.unwrap(), [2]);
}

/// What is lost far above the tail is one gap, and too much to give up by the way.
#[tokio::test(start_paused = true)]
async fn a_gap_without_end_is_not_given_up_position_by_position() {
    let world = closed().await;
    let far = at(1 << 60);
    let (epoch, nonce) = (fencepost::Epoch::new(1), fencepost::Nonce(77));
    let close = fencepost_format::encode_marker(fencepost::EntryKind::Close, far, epoch, nonce);
    world.truth.store().create(world.truth.paths().entry(far), close.into()).await.unwrap();
    let found = verified(&world).await;
    assert_eq!(kinds(&found), [ProblemKind::Lost { first: at(8), last: far.prev(), proof: far }]);
    let refused = found.plan_repair(&found.ailing()).unwrap_err();
    assert!(matches!(refused, PlanError::TooMany { .. }), "{refused}");
}

/// P-91: what the look costs.
#[tokio::test(start_paused = true)]
async fn an_opening_looks_at_one_window_with_heads() {
    let world = closed().await;
    let cost = world.writer().await.status().open_requests;
    assert_eq!(cost.head, 64, "{cost:?}");
    let first = World::new().await;
    assert_eq!(
        first.writer().await.status().open_requests.head,
        0,
        "before the first epoch nothing can be lost"
    );
}

/// P-91: a reader asks what stands directly above, and then whether it proves anything.
#[tokio::test(start_paused = true)]
async fn no_reader_passes_over_a_lost_entry() {
    for lost in 1..=6 {
        let world = closed().await;
        world.delete_entries([lost]).await;
        match crate::support::rows(&world.wal, fencepost::ReadFrom::Checkpoint).await {
            Err(ReadError::GaveUp { why: GaveUp::LostEntry { at, proof }, .. }) => {
                assert_eq!((at.get(), proof.get()), (lost, 7));
            }
            other => panic!("{other:?}"),
        }
    }
    let world = closed().await;
    world.delete_entries([7]).await;
    assert_eq!(world.rows().await, [2, 3, 4, 5, 6]);
    let mut reader = world.wal.reader(fencepost::ReadFrom::Checkpoint).await.unwrap();
    while reader.next().await.unwrap().is_some() {}
    assert_eq!(reader.requests().head, 0, "it had read the next position ahead");
}
