//! Reading ahead, from position 5, three reads at a time, with a retry timeout of 100 ms.

use super::*;
use fencepost_format::{EntryKind, Epoch};

fn forward() -> Forward {
    Forward::new(Tick(0), Position::new(5), None, 3, 100)
}

fn found(at: u64) -> ReadReply<EntryHeader> {
    let (position, epoch, kind) = (Position::new(at), Epoch::FIRST, EntryKind::Data);
    ReadReply::Found(EntryHeader { position, epoch, kind, nonce: None, generation: None })
}

fn asks(forward: &mut Forward) -> Vec<(u64, u32)> {
    let ask = |request| match request {
        Request::ReadEntry { at, attempt } => (at.get(), attempt),
        other => panic!("{other:?}"),
    };
    std::iter::from_fn(|| forward.poll_request()).map(ask).collect()
}

fn answer(forward: &mut Forward, at: u64, reply: &ReadReply<EntryHeader>) -> bool {
    forward.handle(Tick(0), Position::new(at), reply)
}

/// Two reads, of 6 and 7, are out.
fn two_out() -> Forward {
    let mut forward = forward();
    assert_eq!(asks(&mut forward), [(5, 0)]);
    assert!(answer(&mut forward, 5, &found(5)));
    assert_eq!(forward.pop(Tick(0)), Some(Next::Answer(Position::new(5), found(5))));
    assert_eq!(asks(&mut forward), [(6, 0), (7, 0)]);
    forward
}

/// A reader that rests at 6 must not pay for what it had read ahead.
#[test]
fn a_stale_read_ahead_is_not_tried_again() {
    let mut forward = two_out();
    forward.restart(Tick(0));
    assert!(answer(&mut forward, 7, &ReadReply::Unknown));
    assert_eq!(asks(&mut forward), []);
    // What it rests at is.
    assert!(answer(&mut forward, 6, &ReadReply::Unknown));
    assert_eq!(asks(&mut forward), [(6, 1)]);
}

#[test]
fn a_read_ahead_of_now_is_tried_again() {
    let mut forward = two_out();
    assert!(answer(&mut forward, 7, &ReadReply::Unknown));
    assert_eq!(asks(&mut forward), [(7, 1)]);
}

#[test]
fn what_was_skipped_is_not_waited_for() {
    let mut forward = two_out();
    assert!(answer(&mut forward, 7, &ReadReply::Unknown));
    forward.skip_to(Tick(0), Position::new(7));
    assert!(!answer(&mut forward, 6, &found(6)), "nobody asks for it any more");
    assert_eq!(asks(&mut forward), [(7, 0)], "the failed read is a new one");
}

/// A read that has not been answered at all is the driver's to time out.
#[test]
fn only_failed_reads_use_up_the_retry_timeout() {
    let mut forward = forward();
    assert_eq!(asks(&mut forward), [(5, 0)]);
    assert_eq!(forward.pop(Tick(1_000)), None);
    assert!(answer(&mut forward, 5, &ReadReply::Unknown));
    assert_eq!(forward.pop(Tick(99)), None);
    assert_eq!(forward.pop(Tick(100)), Some(Next::Unread));
}

/// What it takes to read a log that ends with `last`, if the store answers all that is out at the same moment:
/// round trips, reads of positions where nothing is, and how many reads were out at once.
fn read_through(last: u64, ahead_max: u64) -> (u64, u64, usize) {
    let mut forward = Forward::new(Tick(0), Position::FIRST, None, ahead_max, 100);
    let (mut rounds, mut missed, mut most) = (0, 0, 0);
    let mut read = BTreeSet::new();
    loop {
        let out = asks(&mut forward);
        rounds += 1;
        most = most.max(out.len());
        for (at, _) in out {
            assert!(read.insert(at) || at > last, "{at} is read twice");
            missed += u64::from(at > last);
            answer(&mut forward, at, &if at <= last { found(at) } else { ReadReply::Absent });
        }
        while let Some(next) = forward.pop(Tick(0)) {
            if let Next::Answer(at, ReadReply::Absent) = next {
                assert_eq!(at.get(), last + 1);
                return (rounds, missed, most);
            }
        }
    }
}

/// It reads as deep as it may, though it knows nothing of the end, and asks for little that is not there.
#[test]
fn a_long_log_is_read_at_full_depth_and_a_short_one_costs_nothing_more() {
    for last in (0..300).chain((300..2_000).step_by(7)) {
        let (rounds, missed, most) = read_through(last, 256);
        let allowed = if last < AHEAD_TO_SCOUT - 1 { last + 1 } else { 24 };
        assert!(missed <= allowed, "{missed} reads of nothing for {last} entries");
        assert!(most <= 256 + 3, "{most} at once for {last} entries");
        assert!(rounds <= 20, "{rounds} round trips for {last} entries");
    }
    let (rounds, missed, most) = read_through(10_000, 256);
    assert!(rounds <= 10_000 / 256 + 7, "{rounds} round trips");
    assert!(missed <= 24 && most >= 256, "{missed}, {most}");
}

/// Where little may be read ahead, no scouts are sent.
#[test]
fn a_shallow_reader_feels_its_way() {
    assert_eq!(read_through(100, 16), (10, 11, 16));
    assert_eq!(read_through(3, 1), (4, 1, 1));
}

/// P-125: what a scout did not find is asked for again when its turn comes: it may be there by then.
#[test]
fn what_a_scout_did_not_find_is_no_end_of_the_log() {
    let mut forward = Forward::new(Tick(0), Position::FIRST, None, 256, 100);
    let mut last = 30;
    let mut next = 1;
    while next < 60 {
        for (at, _) in asks(&mut forward) {
            answer(&mut forward, at, &if at <= last { found(at) } else { ReadReply::Absent });
            // The log grows as it is read, but does not reach where scouts looked.
            last = last.max(at.min(next + 20));
        }
        while let Some(Next::Answer(at, ReadReply::Found(_))) = forward.pop(Tick(0)) {
            assert_eq!(at.get(), next);
            next += 1;
        }
    }
}
