use super::*;
use crate::testing::{InventoryExt, facts, inventory};
use fencepost_format::{Epoch, Nonce};

/// The record of an epoch: `replay_after`, its fence entry and what it names, by the writer of all entries.
fn record(inventory: &mut Inventory, epoch: u64, replay_after: u64, fence: u64, kept: &[u64]) {
    let record = OpeningRecord {
        epoch: Epoch::new(epoch),
        nonce: Nonce(7),
        replay_after: Position::new(replay_after),
        fence: Position::new(fence),
        kept: kept.iter().map(|at| Position::new(*at)).collect(),
    };
    inventory.openings.insert(record.epoch);
    inventory.opening_records.insert(record.epoch, record);
}

/// The listed positions that are vouched for, with a window of 3.
fn vouched(inventory: &Inventory, facts: &ManifestFacts) -> Vec<u64> {
    let vouched = Vouched::new(inventory, facts, Window::for_models(3));
    inventory.entries.positions().filter(|at| vouched.contains(*at)).map(|at| at.get()).collect()
}

/// Three epochs in a row, the second after an unclean end.
const CHAIN: &str = "1:h1 2:_ 3:_ 4:p2 5:_ 6:_ 7:_ 8:_ 9:_ 10:_ 11:h3 12:_ 13:_";

fn chain() -> Inventory {
    let mut log = inventory(CHAIN);
    record(&mut log, 1, 0, 1, &[]);
    record(&mut log, 2, 0, 4, &[]);
    record(&mut log, 3, 3, 11, &[4]);
    log
}

/// All but the guarding fence, and the window above it, in which a dead writer's appends may have landed.
// P-137.
#[test]
fn an_opener_vouches_for_all_from_its_claim_to_the_next_one() {
    assert_eq!(vouched(&chain(), &facts(3, 12)), [1, 2, 3, 8, 9, 10, 11, 12]);
}

/// Nobody knows where the next epoch was claimed. The fence entry of that epoch may stand anywhere up to the claim
/// after it.
// P-137.
#[test]
fn nothing_is_vouched_for_up_to_the_claim_after_an_epoch_that_is_missing() {
    let mut log = chain();
    log.opening_records.remove(&Epoch::new(2));
    assert_eq!(vouched(&log, &facts(3, 12)), [8, 9, 10, 11, 12]);
    record(&mut log, 3, 8, 11, &[]);
    assert_eq!(vouched(&log, &facts(3, 12)), [9, 10, 11, 12]);
    assert_eq!(vouched(&log, &facts(4, 12)), [0_u64; 0]);
}

/// Epoch 3 was claimed below what epoch 2 had replayed: whatever was lost there since, the opener of epoch 3 met,
/// and that of epoch 2 did not.
// P-101, P-137.
#[test]
fn what_an_opener_replayed_above_the_next_claim_is_for_the_next_one_to_vouch_for() {
    let mut log = inventory("1:h1 2:_ 3:_ 4:_ 5:_ 6:p2 7:_ 8:_ 9:p3 10:_ 11:_ 12:_ 13:_");
    record(&mut log, 2, 0, 6, &[]);
    assert_eq!(vouched(&log, &facts(3, 13)), [0_u64; 0]);
    record(&mut log, 3, 2, 9, &[4, 6]);
    assert_eq!(vouched(&log, &facts(3, 13)), [1, 2, 3, 13]);
}

/// In a bucket that was restored, a record may tell of another past than the entries.
// P-136.
#[test]
fn a_record_whose_writer_is_not_where_it_says_vouches_for_nothing() {
    for wrong in ["4:p3", "4:d2", "4:?", "4:_"] {
        let mut log = inventory(&CHAIN.replace("4:p2", wrong));
        log.opening_records = chain().opening_records;
        assert_eq!(vouched(&log, &facts(3, 12)), [8, 9, 10, 11, 12], "{wrong}");
    }
    let mut log = chain();
    log.opening_records.get_mut(&Epoch::new(2)).unwrap().nonce = Nonce(8);
    assert_eq!(vouched(&log, &facts(3, 12)), [8, 9, 10, 11, 12]);
}

/// A clean fence goes with the entries around it. From then on the lowest entry above shows whose they are.
// P-136.
#[test]
fn where_a_fence_entry_was_collected_an_entry_of_its_writer_shows() {
    let log = |entries: &str| {
        let mut log = inventory(entries);
        record(&mut log, 1, 0, 1, &[]);
        log.published_before = Position::new(3);
        log
    };
    assert_eq!(witnesses(&log("3:_ 4:_ 5:_ 6:_"), &facts(1, 5)), [Position::new(4)].into());
    assert_eq!(vouched(&log("3:_ 4:d1 5:_ 6:_"), &facts(1, 5)), [3, 4, 5]);
    for wrong in ["4:d2", "4:f1", "4:c1", "4:h1", "4:?", "4:_"] {
        assert_eq!(vouched(&log(&format!("3:_ {wrong} 5:_ 6:_")), &facts(1, 5)), [0_u64; 0], "{wrong}");
    }
}

/// Its entries have neither nonce nor record, and which of them are needed depends on its claims.
// P-138.
#[test]
fn where_lance_was_nothing_is_vouched_for() {
    let (log, ours) = (chain(), facts(3, 12));
    assert!(vouched(&log, &ManifestFacts { by_lance: true, ..ours }).is_empty());
    assert!(vouched(&log, &ManifestFacts { lance_before: true, ..ours }).is_empty());
    let mut met = inventory(&CHAIN.replace("13:_", "13:D3"));
    met.opening_records = log.opening_records;
    assert!(vouched(&met, &ours).is_empty());
    assert!(witnesses(&met, &ours).is_empty());
}

/// The epoch that was claimed since the manifest was read has its fence entry above the replay point, and what
/// it has to say there does not matter yet.
#[test]
fn records_of_epochs_that_were_claimed_meanwhile_are_ignored() {
    let mut log = chain();
    record(&mut log, 4, 12, 14, &[]);
    assert_eq!(vouched(&log, &facts(3, 12)), vouched(&chain(), &facts(3, 12)));
}

/// At or below a boundary nobody counts refused writes, so only the fence entry itself is needed.
// P-56.
#[test]
fn below_a_boundary_fence_ranges_are_not_read() {
    let mut log = chain().with_boundary(7);
    log.published_before = Position::new(7);
    assert_eq!(vouched(&log, &facts(3, 12)), [1, 2, 3, 5, 6, 7, 8, 9, 10, 11, 12]);
}

#[test]
fn holes_are_cut_out_of_ranges_and_ranges_joined() {
    let at = |ends: &[(u64, u64)]| -> Vec<_> {
        ends.iter().map(|(first, last)| (Position::new(*first), Position::new(*last))).collect()
    };
    assert_eq!(merged(at(&[(5, 9), (1, 4), (8, 12), (20, 19)])), at(&[(1, 12)]));
    let cut = |ranges: &[(u64, u64)], holes: &[(u64, u64)]| without(at(ranges), at(holes).into_iter());
    assert_eq!(cut(&[(1, 10), (20, 30)], &[(3, 4), (9, 21), (30, 40)]), at(&[(1, 2), (5, 8), (22, 29)]));
    assert_eq!(cut(&[(1, 3), (5, 6)], &[(1, 9)]), []);
    assert_eq!(cut(&[(5, 6)], &[(1, 2), (8, 9)]), at(&[(5, 6)]));
}
