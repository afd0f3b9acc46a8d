//! P-101: entries that were acknowledged and that a loss fenced off are no refused writes, and stay until
//! somebody accepts that they go.

use super::*;
use crate::fenced_off::proofs_to_read;

/// An entry at 3 was lost, and an opener that did not look above it put its fence entry there.
const LOG: &str = "1:h1 2:d1 3:p2 4:d1 5:d1 6:d1 7:c1 8:f2 9:d2 10:d2";

fn policy() -> Policy {
    Policy::new().with_window_for_models(Window::for_models(4))
}

fn told(plan: &Plan) -> Vec<(u64, u64)> {
    plan.fenced_off.iter().map(|off| (off.at.get(), off.proof.get())).collect()
}

#[test]
fn what_was_acknowledged_and_fenced_off_holds_the_collection() {
    let plan = check(&inventory(LOG), 9, &policy(), &[1, 2]);
    assert_eq!(told(&plan), [(3, 7)]);
    assert_eq!((plan.stale_entries, plan.accepted, plan.bound.get(), plan.boundary.get()), (0, 0, 2, 2));
    assert_eq!([reason(&plan, 3), reason(&plan, 9), reason(&plan, 10)], ["fenced_off", "fenced_off", "live"]);
    // A later pass, above the boundary of this one, sees the same.
    let later = inventory(&LOG[10..]).with_boundary(2);
    assert_eq!(told(&check(&later, 9, &policy(), &[])), [(3, 7)]);
}

#[test]
fn what_the_operator_accepts_goes_and_is_no_refused_write() {
    let accepting = policy().with_fenced_off_accepted(Position::new(7));
    let plan = check(&inventory(LOG), 9, &accepting, &[1, 2, 4, 5, 6, 7, 8, 9]);
    assert_eq!((told(&plan), plan.stale_entries, plan.accepted), (vec![], 0, 4));
    let too_little = policy().with_fenced_off_accepted(Position::new(6));
    assert_eq!(told(&check(&inventory(LOG), 9, &too_little, &[1, 2])), [(3, 7)]);
}

/// One that is accepted does not let go of another.
#[test]
fn each_is_accepted_by_itself() {
    let log = inventory("1:h1 2:d1 3:h2 4:c1 5:d2 6:d2 7:h3 8:c2 9:d3 10:d3");
    assert_eq!(told(&check(&log, 9, &policy(), &[1, 2])), [(3, 4), (7, 8)]);
    let first = policy().with_fenced_off_accepted(Position::new(4));
    let plan = check(&log, 9, &first, &[1, 2, 3, 4, 5, 6]);
    assert_eq!((told(&plan), plan.accepted), (vec![(7, 8)], 1));
}

/// P-56: what nothing proves is a refused write, as ever; below what a loss fenced off as well.
#[test]
fn refused_writes_are_counted_as_before() {
    let plan =
        check(&inventory("1:h1 2:d1 3:p2 4:d1 5:f2 6:f2 7:d2 8:d2"), 7, &policy(), &[1, 2, 4, 5, 6, 7]);
    assert_eq!((told(&plan), plan.stale_entries), (vec![], 1));
    let both = "1:h1 2:p2 3:d1 4:f2 5:f2 6:d2 7:h3 8:d2 9:c2 10:d3 11:d3";
    let plan = check(&inventory(both), 10, &policy(), &[1, 3, 4, 5, 6]);
    assert_eq!((told(&plan), plan.stale_entries), (vec![(7, 9)], 1));
}

/// P-56, P-101: where a collection of somebody else has been, a fence entry may have landed late, and nothing
/// follows.
#[test]
fn below_a_boundary_of_others_nothing_follows() {
    let plan = check(&inventory(LOG).with_boundary(3), 9, &policy(), &[1, 2, 4, 5, 6, 7, 8, 9]);
    assert_eq!((told(&plan), plan.stale_entries, plan.accepted, plan.swept), (vec![], 0, 0, 2));
}

/// The entry that tells may lie above the bound. It is read where something hangs on it, and no further than
/// a window above the fence entry in question.
#[test]
fn what_tells_is_read_where_something_hangs_on_it() {
    let wanted = |log: &str, reach| {
        let mut inventory = inventory(log);
        inventory.known.retain(|at, _| at.get() <= reach);
        let wanted = proofs_to_read(&inventory, Position::new(reach), Window::for_models(4));
        wanted.into_iter().map(|at| at.get()).collect::<Vec<_>>()
    };
    assert_eq!(wanted(LOG, 5), [6, 7]);
    assert_eq!(wanted(LOG, 3), [0_u64; 0], "no stale entry is within reach");
    assert_eq!(wanted("1:h1 2:d1 3:h2 4:d2 5:d2 6:d2 7:d2", 5), [0_u64; 0]);
    assert_eq!(wanted("1:h1 2:d1 3:p2 4:f2 5:d1 6:f2 7:d2 8:d2", 6), [7]);
}
