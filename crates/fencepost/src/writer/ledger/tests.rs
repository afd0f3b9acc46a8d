//! Each test is a short story of submissions and flushes; a flush is known by its name.

use super::*;

type Books = Ledger<&'static str>;

fn at(position: u64) -> Position {
    Position::new(position)
}

fn accept(books: &mut Books, submissions: usize) {
    for _ in 0..submissions {
        books.accept().expect("the writer runs");
    }
}

/// So many submissions become the entry at `position`.
fn place(books: &mut Books, submissions: usize, position: u64) -> u64 {
    let first = books.place(submissions);
    books.reach(at(position));
    first
}

/// Who is told what: "a" for good news, "a!" for bad.
fn settled(books: &mut Books, acked: u64) -> Vec<String> {
    let told = books.settle(at(acked)).into_iter();
    told.map(|(who, result)| format!("{who}{}", if result.is_ok() { "" } else { "!" })).collect()
}

#[test]
fn a_flush_of_nothing_is_done_at_once() {
    let mut books = Books::default();
    books.flush("a");
    assert_eq!(settled(&mut books, 0), ["a"]);
    assert!(!books.has_flushes());
}

#[test]
fn a_flush_waits_for_what_is_in_flight_when_it_comes_and_for_nothing_later() {
    let mut books = Books::default();
    accept(&mut books, 2);
    place(&mut books, 1, 5);
    place(&mut books, 1, 6);
    books.flush("a");
    accept(&mut books, 1);
    place(&mut books, 1, 7);
    assert!(settled(&mut books, 5).is_empty() && books.has_flushes());
    assert_eq!(settled(&mut books, 6), ["a"]);
}

/// Nothing is in flight, and all that has a position is acknowledged: that says nothing about what waits for
/// a position.
#[test]
fn a_flush_waits_for_what_had_no_position_yet() {
    let mut books = Books::default();
    accept(&mut books, 3);
    place(&mut books, 1, 5);
    books.flush("a");
    assert!(settled(&mut books, 5).is_empty());
    place(&mut books, 1, 6);
    assert!(settled(&mut books, 6).is_empty(), "one of the three has no position yet");
    place(&mut books, 1, 7);
    assert!(settled(&mut books, 6).is_empty());
    assert_eq!(settled(&mut books, 7), ["a"]);
}

/// Submissions that came later may share the entry with those that a flush waits for.
#[test]
fn a_flush_waits_for_the_whole_entry_that_its_last_submission_shares() {
    let mut books = Books::default();
    accept(&mut books, 1);
    books.flush("a");
    accept(&mut books, 2);
    books.flush("b");
    place(&mut books, 2, 1);
    place(&mut books, 1, 2);
    assert_eq!(settled(&mut books, 1), ["a"]);
    assert_eq!(settled(&mut books, 2), ["b"]);
}

#[test]
fn flushes_are_settled_in_the_order_in_which_they_came() {
    let mut books = Books::default();
    accept(&mut books, 1);
    place(&mut books, 1, 1);
    for who in ["a", "b", "c"] {
        books.flush(who);
    }
    assert_eq!(settled(&mut books, 1), ["a", "b", "c"]);
}

#[test]
fn a_lost_submission_fails_the_flushes_after_it_and_none_before() {
    let mut books = Books::default();
    accept(&mut books, 1);
    place(&mut books, 1, 1);
    books.flush("before");
    accept(&mut books, 1);
    let lost = place(&mut books, 1, 2);
    books.flush("after");
    books.lose(lost, &AppendError::Closed);
    assert_eq!(settled(&mut books, 0), ["after!"]);
    assert_eq!(settled(&mut books, 1), ["before"]);
    books.flush("much later");
    assert_eq!(settled(&mut books, 2), ["much later!"]);
}

/// It is told at once: whether the others become durable makes no difference to it.
#[test]
fn the_first_loss_is_the_one_that_is_told() {
    let mut books = Books::default();
    accept(&mut books, 2);
    let (first, second) = (place(&mut books, 1, 1), place(&mut books, 1, 2));
    books.flush("a");
    books.lose(second, &AppendError::Unknown { at: at(2), cause: None });
    books.lose(first, &AppendError::Unknown { at: at(1), cause: None });
    books.lose(second, &AppendError::Unknown { at: at(2), cause: None });
    let told = books.settle(Position::NONE);
    assert!(matches!(told[..], [("a", Err(AppendError::Unknown { at: first, .. }))] if first == at(1)));
}

/// A submission that is refused a position counts as placed, so those after it are waited for.
#[test]
fn one_that_is_refused_a_position_keeps_none_of_the_others_waiting() {
    let mut books = Books::default();
    accept(&mut books, 1);
    books.flush("before");
    accept(&mut books, 1);
    place(&mut books, 1, 1);
    let refused = books.place(1);
    books.lose(refused, &AppendError::Refused { reason: "no".into() });
    books.reach(at(1));
    accept(&mut books, 1);
    place(&mut books, 1, 2);
    assert_eq!(settled(&mut books, 1), ["before"]);
}

#[test]
fn what_has_no_position_when_the_writer_stops_is_lost() {
    let mut books = Books::default();
    accept(&mut books, 1);
    place(&mut books, 1, 1);
    books.flush("placed");
    accept(&mut books, 2);
    books.flush("waiting");
    books.stop(AppendError::Unknown { at: at(2), cause: None });
    let refusal = books.refusal().expect("it stopped");
    books.lose_waiting(&refusal);
    assert_eq!(settled(&mut books, 1), ["placed", "waiting!"]);
}

/// They were never sent, so they are told more than those whose outcome nobody knows: they are not in the log.
#[test]
fn what_comes_after_the_stop_is_definitely_not_in_the_log() {
    let mut books = Books::default();
    books.stop(AppendError::Unknown { at: at(4), cause: None });
    let refusal = books.accept().expect_err("it stopped");
    assert!(refusal.is_definite() && matches!(refusal, AppendError::Stopped { at: four } if four == at(4)));
    books.flush("a");
    assert_eq!(settled(&mut books, 3), ["a!"]);
}

/// All that was submitted is durable, and nothing came after: that the writer stopped since takes nothing back.
#[test]
fn a_flush_after_the_stop_succeeds_if_nothing_was_lost() {
    let mut books = Books::default();
    accept(&mut books, 1);
    place(&mut books, 1, 1);
    books.stop(AppendError::Closed);
    books.flush("a");
    assert_eq!(settled(&mut books, 1), ["a"]);
}

#[test]
fn the_books_tell_bytes_repetitions_and_the_first_reason_to_stop() {
    let mut books = Books::default();
    assert!(books.stopped().is_none());
    books.acknowledge(100);
    books.acknowledge(20);
    for attempt in [0, 1, 0, 2] {
        books.note_attempt(attempt);
    }
    books.stop(AppendError::Unknown { at: at(9), cause: None });
    books.stop(AppendError::Closed);
    assert_eq!((books.acknowledged_bytes(), books.repeated()), (120, 2));
    assert!(matches!(books.stopped(), Some(AppendError::Unknown { at: nine, .. }) if *nine == at(9)));
}

#[test]
#[should_panic(expected = "only what was accepted is placed")]
fn nothing_is_placed_that_was_not_accepted() {
    let mut books = Books::default();
    accept(&mut books, 1);
    books.place(2);
}

/// The writer met a successor at 3: its window ends at 2 again, and nobody knows yet what became of 3.
#[test]
fn a_flush_waits_for_a_position_that_the_window_has_forgotten() {
    let mut books = Books::default();
    accept(&mut books, 2);
    place(&mut books, 1, 2);
    let first = place(&mut books, 1, 3);
    books.reach(at(2));
    books.flush("a");
    assert!(settled(&mut books, 2).is_empty());
    books.lose(first, &AppendError::Closed);
    assert_eq!(settled(&mut books, 2), ["a!"]);
}
