//! The oracle can say no: each thing that must not be, done to a log that was fine.

use super::*;

const A: u64 = WRITER_ROWS;
const B: u64 = 2 * WRITER_ROWS;

/// Two writers: five rows acknowledged and two more of unknown outcome; three acknowledged and none more.
fn history() -> Oracle {
    let mut oracle = Oracle::default();
    oracle.writer(1, Account { acknowledged: 5, possible: 7 });
    oracle.writer(2, Account { acknowledged: 3, possible: 3 });
    oracle
}

fn fine() -> Vec<u64> {
    vec![A, A + 1, A + 2, A + 3, A + 4, A + 5, B, B + 1, B + 2]
}

fn check(change: impl FnOnce(&mut Vec<u64>), expect: Result<(), Violation>) {
    let mut rows = fine();
    change(&mut rows);
    assert_eq!(history().read(&rows), expect, "{rows:?}");
}

#[test]
fn rows_of_unknown_outcome_may_be_there_or_not() {
    check(|_| {}, Ok(()));
    check(|rows| _ = rows.remove(5), Ok(()));
    check(|rows| rows.insert(6, A + 6), Ok(()));
}

#[test]
fn acknowledged_row_that_is_removed_is_lost() {
    check(|rows| _ = rows.remove(2), Err(Violation::Lost { row: A + 2 }));
    check(|rows| _ = rows.remove(8), Err(Violation::Lost { row: B + 2 }));
    check(|rows| rows.truncate(6), Err(Violation::Lost { row: B }));
    check(Vec::clear, Err(Violation::Lost { row: A }));
}

#[test]
fn row_that_comes_twice_is_a_duplicate() {
    check(|rows| rows.insert(3, A + 2), Err(Violation::Duplicated { row: A + 2 }));
    check(|rows| rows.push(A), Err(Violation::Duplicated { row: A }));
}

#[test]
fn rows_that_change_places_are_out_of_order() {
    check(|rows| rows.swap(1, 2), Err(Violation::Reordered { row: A + 2, after: Some(A) }));
    // Rows of a dead writer among those of its successor.
    check(|rows| rows.swap(5, 7), Err(Violation::Reordered { row: B + 1, after: Some(A + 4) }));
    let moved = |rows: &mut Vec<u64>| {
        let row = rows.remove(5);
        rows.push(row);
    };
    check(moved, Err(Violation::Reordered { row: A + 5, after: Some(B + 2) }));
}

#[test]
fn refused_row_that_is_there_is_undead() {
    check(|rows| rows.push(B + 3), Err(Violation::Undead { row: B + 3 }));
    check(|rows| rows.push(3 * WRITER_ROWS), Err(Violation::Undead { row: 3 * WRITER_ROWS }));
}

#[test]
fn what_was_decided_once_stays() {
    let mut oracle = history();
    oracle.read(&fine()).unwrap();
    assert_eq!(oracle.clone().read(&fine()), Ok(()));
    let mut late = fine();
    late.insert(6, A + 6);
    assert_eq!(oracle.clone().read(&late), Err(Violation::Reordered { row: B, after: Some(A + 6) }));
    late.remove(0);
    assert_eq!(oracle.clone().read(&late[..4]), Err(Violation::Lost { row: A }));
    let mut short = fine();
    short.pop();
    assert_eq!(oracle.clone().read(&short), Err(Violation::Lost { row: B + 2 }));
    let mut more = fine();
    more.push(A + 6);
    assert_eq!(oracle.clone().read(&more), Err(Violation::Undead { row: A + 6 }));
    oracle.checkpoint();
    assert_eq!(oracle.clone().read(&[]), Ok(()));
    assert_eq!(oracle.clone().read(&[B + 2]), Err(Violation::Duplicated { row: B + 2 }));
    assert_eq!(oracle.acknowledged(), 8);
}

#[test]
fn consumer_sees_no_gap_and_at_most_its_last_row_again() {
    let mut oracle = history();
    oracle.read(&fine()).unwrap();
    oracle.consumer(&fine()[..3]).unwrap();
    let check = |rows: &[u64], expect| assert_eq!(oracle.clone().consumer(rows), expect, "{rows:?}");
    check(&[], Ok(()));
    check(&fine()[3..], Ok(()));
    check(&fine()[2..], Ok(()));
    check(&fine()[1..], Err(Violation::Duplicated { row: A + 1 }));
    check(&fine()[4..], Err(Violation::Gap { after: Some(A + 2), row: A + 4 }));
    check(&[A + 3, A + 5], Err(Violation::Gap { after: Some(A + 3), row: A + 5 }));
    check(&[A + 3, A + 3], Err(Violation::Duplicated { row: A + 3 }));
    assert_eq!(oracle.consumer_is_done(), Err(Violation::Lost { row: A + 3 }));
    let mut beyond = fine()[3..].to_vec();
    beyond.push(B + 3);
    check(&beyond, Err(Violation::Lost { row: B + 3 }));
    oracle.consumer(&fine()[3..]).unwrap();
    assert_eq!(oracle.consumer_is_done(), Ok(()));
}

/// The promise of this project: a writer that slept through a takeover and a collection hears no success for
/// what nobody reads.
#[test]
fn woken_writer_that_was_told_success_for_a_row_that_is_not_there_is_a_loss() {
    let mut oracle = history();
    oracle.read(&fine()).unwrap();
    let told = |acknowledged, possible| oracle.woken(1, Account { acknowledged, possible });
    assert_eq!(told(6, 7), Ok(()));
    assert_eq!(told(7, 7), Err(Violation::Lost { row: A + 6 }));
    assert_eq!(told(5, 5), Err(Violation::Undead { row: A + 5 }));
}
