//! The loop with a machine that asks what the test wants, and answers that come when the test wants.

use super::*;
use crate::{DecodeLimits, EntryKind, Epoch, Nonce};
use fencepost_format::encode_marker;
use futures::FutureExt;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use tokio::sync::oneshot;

/// Asks each number in turn, tells each answer.
#[derive(Debug, Default)]
struct Asker {
    questions: VecDeque<u64>,
    events: VecDeque<u64>,
    due: Option<Tick>,
}

impl Machine for Asker {
    type Request = u64;
    type Reply = u64;
    type Event = u64;

    fn poll_event(&mut self) -> Option<u64> {
        self.events.pop_front()
    }

    fn poll_request(&mut self) -> Option<u64> {
        self.questions.pop_front()
    }

    fn poll_timeout(&self) -> Option<Tick> {
        self.due
    }

    fn handle(&mut self, _: Tick, reply: u64) {
        self.events.push_back(reply);
    }

    fn handle_timeout(&mut self, now: Tick) {
        if self.due.is_some_and(|due| due <= now) {
            self.due = None;
            self.events.push_back(0);
        }
    }
}

fn driver(questions: impl IntoIterator<Item = u64>) -> Driver<Asker> {
    let started = tokio::time::Instant::now();
    let now = move || Tick(u64::try_from(started.elapsed().as_millis()).expect("a test is short"));
    let environment = Environment::simulated(now, || Nonce(1), 1);
    Driver::new(Asker { questions: questions.into_iter().collect(), ..Asker::default() }, &environment)
}

/// A store that answers when it is told to.
#[derive(Clone, Default)]
struct Store(Arc<Mutex<BTreeMap<u64, oneshot::Sender<Performed<u64>>>>>);

impl Store {
    fn perform(&self, question: u64) -> impl Future<Output = Performed<u64>> + Send + use<> {
        let (answer, answered) = oneshot::channel();
        self.0.lock().unwrap().insert(question, answer);
        answered.map(|answer| answer.expect("the test answers or drops the driver"))
    }

    fn answer(&self, question: u64) {
        self.answer_with(question, None, None);
    }

    fn answer_with(&self, question: u64, entry: Option<SoundEntry>, cause: Option<Cause>) {
        let answer = self.0.lock().unwrap().remove(&question).expect("it was asked");
        let _ = answer.send(Performed { reply: question, entry, room: None, cause });
    }

    fn is_asked(&self) -> Vec<u64> {
        self.0.lock().unwrap().keys().copied().collect()
    }
}

#[tokio::test(start_paused = true)]
async fn all_that_is_asked_is_out_at_once_and_answers_are_taken_as_they_come() {
    let (mut driver, store) = (driver([1, 2, 3]), Store::default());
    assert!(driver.next(|question| store.perform(question)).now_or_never().is_none());
    assert_eq!(store.is_asked(), [1, 2, 3]);
    store.answer(2);
    assert_eq!(driver.next(|question| store.perform(question)).await, Some(2));
    store.answer(3);
    store.answer(1);
    let mut told = [driver.outcome(|_| store.perform(9)).await, driver.outcome(|_| store.perform(9)).await];
    told.sort_unstable();
    assert_eq!(told, [1, 3]);
}

/// A consumer drops the future of a reader in a `select!` and calls it again: nothing is asked twice, and no
/// answer is missed.
#[tokio::test(start_paused = true)]
async fn a_call_that_is_dropped_loses_no_answer_and_repeats_no_question() {
    let (mut driver, store) = (driver([1]), Store::default());
    for _ in 0..3 {
        assert!(driver.next(|question| store.perform(question)).now_or_never().is_none());
    }
    store.answer(1);
    assert_eq!(driver.next(|_| -> std::future::Ready<_> { unreachable!("it was asked") }).await, Some(1));
}

#[tokio::test(start_paused = true)]
async fn a_machine_that_rests_is_not_waited_for() {
    let (mut driver, store) = (driver([]), Store::default());
    assert_eq!(driver.next(|question| store.perform(question)).await, None);
    driver.machine.questions.push_back(7);
    assert!(driver.next(|question| store.perform(question)).now_or_never().is_none());
    store.answer(7);
    assert_eq!(driver.next(|question| store.perform(question)).await, Some(7));
}

#[tokio::test(start_paused = true)]
async fn what_is_due_happens_though_no_answer_comes() {
    let (mut driver, store) = (driver([1]), Store::default());
    driver.machine.due = Some(Tick(500));
    assert_eq!(driver.next(|question| store.perform(question)).await, Some(0));
    assert_eq!(driver.environment.now(), Tick(500));
    store.answer(1);
    assert_eq!(driver.next(|question| store.perform(question)).await, Some(1));
}

/// Otherwise what a store said before a cursor moved would be taken for what it says since.
#[tokio::test(start_paused = true)]
async fn answers_to_questions_that_were_dropped_do_not_come() {
    let (mut driver, store) = (driver([1]), Store::default());
    assert!(driver.next(|question| store.perform(question)).now_or_never().is_none());
    driver.drop_requests();
    store.answer(1);
    assert_eq!(driver.next(|question| store.perform(question)).await, None);
}

#[tokio::test(start_paused = true)]
async fn entries_are_kept_until_their_turn_and_no_longer() {
    let (mut driver, store) = (driver([3, 4, 5]), Store::default());
    assert!(driver.next(|question| store.perform(question)).now_or_never().is_none());
    for question in [5, 3, 4] {
        store.answer_with(question, Some(filler(question)), None);
        driver.outcome(|question| store.perform(question)).await;
    }
    let mut take = |at| driver.take_entry(Position::new(at)).map(|entry| entry.header().position.get());
    assert_eq!(take(4), Some(4));
    assert_eq!(take(3), None, "it was passed");
    assert_eq!(take(5), Some(5));
}

fn filler(at: u64) -> SoundEntry {
    let at = Position::new(at);
    let bytes = encode_marker(EntryKind::Filler, at, Epoch::FIRST, Nonce(1));
    SoundEntry::check("filler", at, bytes, DecodeLimits::DEFAULT).unwrap()
}

#[tokio::test(start_paused = true)]
async fn the_last_thing_that_went_wrong_is_remembered() {
    let (mut driver, store) = (driver([1, 2, 3]), Store::default());
    assert!(driver.next(|question| store.perform(question)).now_or_never().is_none());
    for (question, object) in [(1, Some("a")), (2, Some("b")), (3, None)] {
        let cause = object.map(|object| Cause::Gone { object: object.to_owned() });
        store.answer_with(question, None, cause);
        driver.outcome(|question| store.perform(question)).await;
    }
    assert!(matches!(driver.take_cause(), Some(Cause::Gone { object }) if object == "b"));
    assert!(driver.take_cause().is_none());
}
