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
