//! Logs as text: `3:p2` is a fence entry of epoch 2 at 3, `5:_` something that cannot be understood, `l`
//! behind it is Lance's. The window is 4.

use super::*;
use crate::testing::header;

const WINDOW: Window = Window::for_models(4);

fn log(words: &str) -> BTreeMap<Position, Option<EntryHeader>> {
    let entry = |word: &str| {
        let (at, what) = word.split_once(':').unwrap_or_else(|| panic!("{word}"));
        let at = at.parse().unwrap_or_else(|_| panic!("{word}"));
        (Position::new(at), (what != "_").then(|| header(at, what)))
    };
    words.split_whitespace().map(entry).collect()
}

/// P-90.
#[test]
fn only_entries_of_ours_prove_anything() {
    let check = |words: &str, expect: u64| {
        assert_eq!(proven_below(&header(20, words), WINDOW).get(), expect, "{words} at 20");
    };
    for strong in ["p2", "h2", "c2"] {
        check(strong, 19);
        check(&format!("{strong}l"), 0);
    }
    for weak in ["d2", "f2"] {
        check(weak, 16);
        check(&format!("{weak}l"), 0);
    }
    check("t2", 0);
}

fn check(replay_after: u64, words: &str, expect: &str) {
    let Losses { gaps, fenced_off } = losses(&log(words), Position::new(replay_after), WINDOW);
    let gaps = gaps.iter().map(|gap| match gap.proof {
        Some(proof) => format!("lost{}-{}:by{proof}", gap.first, gap.last),
        None => format!("gap{}-{}", gap.first, gap.last),
    });
    let off = fenced_off.iter().map(|off| format!("off{}:by{}", off.at, off.proof));
    assert_eq!(gaps.chain(off).collect::<Vec<_>>().join(" "), expect, "{words}");
}

/// P-90: the case that was reported, entry 3 of 2 to 7 with a close.
#[test]
fn a_gap_below_a_proof_is_a_loss() {
    check(1, "2:d1 4:d1 5:d1 6:d1 7:c1", "lost3-3:by7");
    check(0, "1:h1 2:d1 3:d1 4:d1 5:c1", "");
    check(0, "2:d1 3:d1 4:c1", "lost1-1:by4");
    check(0, "1:h1 2:d1 5:d1 6:d1 7:d1", "lost3-3:by7 gap4-4");
    check(0, "1:h1 2:d1 4:d1 5:d1", "gap3-3");
    check(0, "1:h1 2:d1 5:p2 6:f2 9:d2", "lost3-4:by5 gap7-8");
    check(0, "1:h1 4:_ 5:c1", "lost2-3:by5");
}

/// P-90: what lies at or below `replay_after` may have been collected.
#[test]
fn nothing_is_lost_below_the_checkpoint() {
    check(4, "1:p1 3:d1 5:d1 6:c1", "");
    check(7, "2:d1 9:d1", "gap8-8");
    check(4, "", "");
}

/// P-90: Lance's sentinel may stand above a gap that fills later.
#[test]
fn lances_entries_leave_it_open() {
    check(0, "1:d1l 3:p2l 4:d2l", "gap2-2");
}

/// An opener that took the gap for the tail put its fence entry there. What stands above was acknowledged,
/// and is read by nobody.
#[test]
fn a_gap_that_was_taken_for_the_tail_is_seen_afterwards() {
    check(1, "2:d1 3:p2 4:d1 5:d1 6:d1 7:c1 8:f2", "off3:by7");
    // Its fillers are told of with it.
    check(1, "2:d1 3:p2 4:d1 5:d1 6:f2 7:c1", "off3:by7");
    check(1, "2:d1 3:t1 4:d1 5:d1 6:d1 7:c1", "");
}

/// What dead writers leave in their successors' ranges proves nothing against these.
#[test]
fn stale_entries_are_no_losses() {
    check(0, "1:h1 2:d1 3:p2 4:d1 5:f2 6:f2 7:d2 8:c2 9:h3", "");
    check(0, "1:h1 2:d1 3:p2 4:f2 5:d1 6:p3 7:f3 8:f3 9:f3", "");
}

/// However far the entry stands that proves it.
#[test]
fn an_entry_far_away_is_one_gap() {
    let far = Position::new(1 << 61);
    let found = losses(&log(&format!("1:h1 {far}:c1")), Position::NONE, WINDOW);
    assert_eq!(found.gaps, [Gap { first: Position::new(2), last: far.prev(), proof: Some(far) }]);
}

/// P-93.
#[test]
fn a_tombstone_neither_hides_nor_revives() {
    let epoch = |words: &str, missing: &[u64], at: u64| {
        let missing = |at: Position| missing.contains(&at.get());
        tombstone_epoch(&log(words), missing, Position::NONE, Position::new(at)).map(Epoch::get)
    };
    assert_eq!(epoch("1:h1 2:d1 4:d1 5:c1", &[3], 3), Some(1));
    // The fence entry of epoch 2 is what is missing: the stale entry at 4 stays one.
    assert_eq!(epoch("1:h1 2:d1 4:d1 5:f2 6:f2 7:d2", &[3], 3), Some(2));
    // Its fence entry is there: 3 was an entry of epoch 1.
    assert_eq!(epoch("1:h1 2:d1 4:d1 5:p2 6:f2", &[3], 3), Some(1));
    // Of two, the upper one began epoch 2.
    assert_eq!(epoch("1:h1 4:f2 5:f2", &[2, 3], 2), Some(1));
    assert_eq!(epoch("1:h1 4:f2 5:f2", &[2, 3], 3), Some(2));
    assert_eq!(epoch("2:d1 3:c1", &[1], 1), Some(1));
    assert_eq!(epoch("", &[], 1), None);
}
