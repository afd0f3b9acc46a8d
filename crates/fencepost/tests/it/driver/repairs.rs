//! Giving up entries: which, in what order, with which epoch; and what is said of a repair that did not go
//! well (P-93, P-94).

use crate::support::{World, append, append_all, options, settle, wal_builder};
use fencepost::{Epoch, GiveUp, Nonce, Position, RepairError, RepairPlan, Verification};
use fencepost_format::{DecodeLimits, EntryKind, encode_marker};
use fencepost_store::PutPayload;
use fencepost_store::wrap::{Fault, Op};
use std::sync::Arc;

const fn at(position: u64) -> Position {
    Position::new(position)
}

const fn gap(first: u64, last: u64) -> GiveUp {
    GiveUp::Gap { first: at(first), last: at(last) }
}

/// `1:h1 2-6:d1 7:c1 8:h2 9:d2`, with the rows 2 to 6 and 9.
async fn two_epochs() -> World {
    let world = World::new().await;
    let writer = world.writer().await;
    append_all(&writer, 2..=6).await;
    writer.close().await.unwrap();
    append_all(&world.writer().await, [9]).await;
    assert_eq!(world.layout().await, "1:h1 2-6:d1 7:c1 8:h2 9:d2");
    world
}

async fn overwrite(world: &World, position: u64, bytes: impl Into<PutPayload>) {
    let path = world.truth.paths().entry(at(position));
    world.truth.store().put_overwrite(path, bytes.into()).await.unwrap();
}

async fn bytes(world: &World, position: u64) -> bytes::Bytes {
    let path = world.truth.paths().entry(at(position));
    world.truth.store().get(path).await.into_result().unwrap().unwrap().bytes
}

async fn verified(world: &World) -> Verification {
    world.wal.verify(|_, _| ()).await.unwrap()
}

/// With the entry at 4 damaged, and a plan to give it up.
async fn damaged() -> (World, RepairPlan) {
    let world = two_epochs().await;
    overwrite(&world, 4, "no entry").await;
    let plan = verified(&world).await.plan_repair(&[GiveUp::Damaged(at(4))]).unwrap();
    (world, plan)
}

fn epochs(plan: &RepairPlan) -> Vec<(u64, u64)> {
    plan.steps().iter().map(|step| (step.position.get(), step.epoch.get())).collect()
}

#[tokio::test(start_paused = true)]
async fn what_is_given_up_comes_upward_and_once() {
    let world = two_epochs().await;
    world.delete_entries([3]).await;
    overwrite(&world, 5, "no entry").await;
    let found = verified(&world).await;
    assert_eq!(found.ailing(), [gap(3, 3), GiveUp::Damaged(at(5))]);
    let plan = found.plan_repair(&[GiveUp::Damaged(at(5)), gap(3, 3), gap(3, 3)]).unwrap();
    assert_eq!(epochs(&plan), [(3, 1), (5, 1)]);
    let done = world.wal.repair(&plan, |_| ()).await.unwrap();
    assert_eq!(done.iter().map(|repaired| repaired.put).collect::<Vec<_>>(), [true, true]);
    assert_eq!(world.rows().await, [2, 4, 6, 9]);
}

/// P-93: the shard is in another epoch by now, which would fence off the rows above.
#[tokio::test(start_paused = true)]
async fn a_tombstone_has_the_epoch_below_it() {
    let world = two_epochs().await;
    world.delete_entries([3]).await;
    let plan = verified(&world).await.plan_repair(&[gap(3, 3)]).unwrap();
    assert_eq!(epochs(&plan), [(3, 1)]);
    world.wal.repair(&plan, |_| ()).await.unwrap();
    assert_eq!(world.rows().await, [2, 4, 5, 6, 9]);
}

/// P-93: the beginning of epoch 2 was at 8, the nearest that is missing, and not at 5.
#[tokio::test(start_paused = true)]
async fn a_lost_beginning_is_looked_for_at_the_nearest_gap() {
    let world = World::new().await;
    append_all(&world.writer().await, 2..=7).await;
    append_all(&world.writer().await, [72]).await;
    assert_eq!(world.layout().await, "1:h1 2-7:d1 8:p2 9-71:f2 72:d2");
    world.delete_entries([5, 8]).await;
    let found = verified(&world).await;
    let plan = found.plan_repair(&[gap(5, 5), gap(8, 8)]).unwrap();
    assert_eq!(epochs(&plan), [(5, 1), (8, 2)]);
    world.wal.repair(&plan, |_| ()).await.unwrap();
    assert_eq!(world.rows().await, [2, 3, 4, 6, 7, 72]);
}

/// P-49, P-93: what stands at or below `replay_after` may have landed late, a fence entry of a higher epoch
/// among it.
#[tokio::test(start_paused = true)]
async fn the_epoch_of_a_tombstone_is_not_taken_from_below_the_checkpoint() {
    let world = World::new().await;
    let first = world.writer().await;
    append_all(&first, 2..=7).await;
    first.checkpoint(at(5)).await.unwrap();
    world.wal.collector().run().await.unwrap();
    drop(world.wal.begin_writing(options()).await.unwrap());
    let third = world.writer().await;
    let last = append(&third, 100).await.unwrap();
    let late = encode_marker(EntryKind::Fence, at(5), Epoch::new(2), Nonce(77));
    world.truth.store().create(world.truth.paths().entry(at(5)), late.into()).await.unwrap();
    assert_eq!(world.layout().await, format!("5:p2 6-7:d1 8:p3 9-71:f3 {last}:d3"));
    world.delete_entries([6]).await;
    let plan = verified(&world).await.plan_repair(&[gap(6, 6)]).unwrap();
    assert_eq!(epochs(&plan), [(6, 1)]);
    world.wal.repair(&plan, |_| ()).await.unwrap();
    assert_eq!(world.rows().await, [7, 100]);
}

/// P-94: what is damaged on the way is not damaged.
#[tokio::test(start_paused = true)]
async fn bytes_that_change_between_two_reads_are_left_alone() {
    let (world, plan) = damaged().await;
    let second = world.faults.hold(Op::Get, world.entry(4)).after(1);
    let wal = world.wal.clone();
    let repair = tokio::spawn(async move { wal.repair(&plan, |_| ()).await });
    second.arrived().await;
    overwrite(&world, 4, "no entry either").await;
    second.release();
    let refused = repair.await.unwrap().unwrap_err();
    assert!(
        matches!(refused, RepairError::LeftAlone { .. }) && refused.to_string().contains("different bytes"),
        "{refused}"
    );
    settle().await;
    assert_eq!(bytes(&world, 4).await, "no entry either");
}

/// P-94: without a copy nothing is overwritten.
#[tokio::test(start_paused = true)]
async fn damaged_bytes_that_could_not_be_copied_stay() {
    for fault in [Fault::Deny, Fault::Drop, Fault::FalseExists] {
        let (world, plan) = damaged().await;
        let _ = world.faults.on(Op::Put, |path| path.contains("/fencepost/damaged/"), fault);
        let refused = world.wal.repair(&plan, |_| ()).await.unwrap_err();
        let taken = fault == Fault::FalseExists;
        assert_eq!(matches!(refused, RepairError::LeftAlone { .. }), taken, "{refused}");
        assert_eq!(matches!(refused, RepairError::NotDone { .. }), !taken, "{refused}");
        assert!(refused.to_string().contains("/fencepost/damaged/"), "{refused}");
        assert_eq!(bytes(&world, 4).await, "no entry");
    }
}

/// P-94: what became of the overwrite is read, and said as far as it is known.
#[tokio::test(start_paused = true)]
async fn what_became_of_the_overwrite_is_said() {
    for (fault, replaced) in [(Fault::LoseReply, true), (Fault::Drop, false), (Fault::Deny, false)] {
        let (world, plan) = damaged().await;
        let failing = world.faults.on(Op::Put, world.entry(4), fault);
        let outcome = world.wal.repair(&plan, |_| ()).await;
        match fault {
            Fault::LoseReply => assert!(outcome.unwrap()[0].put),
            Fault::Drop => {
                assert!(matches!(outcome, Err(RepairError::Unknown { cause: Some(_), .. })), "{outcome:?}")
            }
            _ => assert!(matches!(outcome, Err(RepairError::NotDone { .. })), "{outcome:?}"),
        }
        failing.stop();
        assert_eq!(bytes(&world, 4).await != "no entry", replaced, "{fault:?}");
        world.wal.repair(&plan, |_| ()).await.unwrap();
        assert_eq!(world.rows().await, [2, 3, 5, 6, 9]);
    }
}

/// P-93: a tombstone whose create was not answered may stand there. The store's words are in the error.
#[tokio::test(start_paused = true)]
async fn a_tombstone_of_unknown_outcome_says_what_the_store_said() {
    let world = two_epochs().await;
    world.delete_entries([3]).await;
    let plan = verified(&world).await.plan_repair(&[gap(3, 3)]).unwrap();
    let _ = world.faults.on(Op::Put, world.entry(3), Fault::Drop);
    let unknown = world.wal.repair(&plan, |_| ()).await.unwrap_err();
    assert!(
        matches!(unknown, RepairError::Unknown { .. }) && unknown.to_string().contains("no reply in time"),
        "{unknown}"
    );
}

/// P-94: it was damaged when it was planned, was put back from a copy, and is above the limits of whoever
/// carries out the plan.
#[tokio::test(start_paused = true)]
async fn what_is_above_the_limits_of_this_program_is_not_damaged() {
    let world = two_epochs().await;
    let sound = bytes(&world, 4).await;
    overwrite(&world, 4, "no entry").await;
    let plan = verified(&world).await.plan_repair(&[GiveUp::Damaged(at(4))]).unwrap();
    overwrite(&world, 4, sound).await;
    let limits = DecodeLimits::DEFAULT.with_rows_max(0);
    let strict = wal_builder(Arc::new(world.faults.clone())).with_decode_limits(limits).open().await.unwrap();
    let refused = strict.repair(&plan, |_| ()).await.unwrap_err();
    assert!(matches!(refused, RepairError::LeftAlone { .. }), "{refused}");
    assert_eq!(world.rows().await, [2, 3, 4, 5, 6, 9]);
}
