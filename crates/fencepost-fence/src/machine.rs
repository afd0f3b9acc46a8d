//! What all machines have in common, and in which order a driver listens to one.

use crate::Tick;

/// A state machine that asks, tells and waits, and leaves the doing to its driver.
///
/// A driver needs one method to listen, [`poll_output`](Self::poll_output), and two to speak,
/// [`handle`](Self::handle) and [`handle_timeout`](Self::handle_timeout). What else a machine can be asked
/// for (an append, a checkpoint, the next look at the tail) are methods of its own; after those, listen again
/// as after any other call.
///
/// ```text
///            ┌──────────── Output::Event ────────────► tell whoever waits
///   machine ─┼──────────── Output::Request ──────────► perform it against the store
///            ├──────────── Output::Wait(until) ──────► wait for an answer, or until then: handle_timeout(now)
///            └─◄────────── handle(now, reply) ◄────── the outcome, as the store crate tells it
/// ```
///
/// Requests may be performed in any order and at the same time, and a reply may come at any time later, or
/// never. A reply that nobody waits for is ignored. So a request may be cancelled at any moment, provided
/// that it is answered with "unknown" if the machine is to go on
/// ([`Request::unanswered`](crate::Request::unanswered)).
///
/// A machine never waits, never fails and never looks at a clock: `now` is what its driver says, and must not
/// go back.
///
/// Smaller machines are parts of these, and of each other: [`FindLatest`](crate::FindLatest),
/// [`Commit`](crate::Commit), [`Mend`](crate::Mend), [`FirstShardRace`](crate::FirstShardRace). They tell
/// nothing on the way, so they have no events: their `handle` returns the outcome that ends them, when all that
/// they asked is answered.
pub trait Machine {
    /// What it wants done.
    type Request;
    /// The answer to that.
    type Reply;
    /// What it tells.
    type Event;

    /// The next event, if there is one. A driver calls [`poll_output`](Self::poll_output).
    fn poll_event(&mut self) -> Option<Self::Event>;

    /// The next request, if one is due. A driver calls [`poll_output`](Self::poll_output).
    fn poll_request(&mut self) -> Option<Self::Request>;

    /// When to call [`handle_timeout`](Self::handle_timeout), if nothing else happens before.
    fn poll_timeout(&self) -> Option<Tick> {
        None
    }

    /// Takes the answer to a request. Answers to questions that were not asked are ignored.
    fn handle(&mut self, now: Tick, reply: Self::Reply);

    /// Does what is due by now. Too early a call does nothing.
    fn handle_timeout(&mut self, now: Tick) {
        let _ = now;
    }

    /// What it has to say next: each event, then each request, then until when it waits.
    ///
    /// Call it until it says [`Output::Wait`], again after each call that changes the machine. Events come
    /// first: whoever hears one may have more for the machine to do, and no request is put that a client that
    /// was told would not have wanted.
    fn poll_output(&mut self) -> Output<Self::Event, Self::Request> {
        if let Some(event) = self.poll_event() {
            return Output::Event(event);
        }
        if let Some(request) = self.poll_request() {
            return Output::Request(request);
        }
        Output::Wait(self.poll_timeout())
    }
}

/// What a [`Machine`] says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Output<E, R> {
    /// Something happened: tell whoever waits for it.
    Event(E),
    /// Something is to be done.
    Request(R),
    /// There is nothing to do until a request is answered, or until this moment. If no request is out and no
    /// moment is named, it has ended, or rests until it is asked for more.
    Wait(Option<Tick>),
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::VecDeque;

    #[derive(Default)]
    struct Talker {
        events: VecDeque<&'static str>,
        requests: VecDeque<u32>,
    }

    impl Machine for Talker {
        type Request = u32;
        type Reply = &'static str;
        type Event = &'static str;

        fn poll_event(&mut self) -> Option<&'static str> {
            self.events.pop_front()
        }

        fn poll_request(&mut self) -> Option<u32> {
            self.requests.pop_front()
        }

        fn poll_timeout(&self) -> Option<Tick> {
            Some(Tick(7))
        }

        fn handle(&mut self, _: Tick, reply: &'static str) {
            self.events.push_back(reply);
        }
    }

    /// An event that came while requests were being performed is told before the requests that are left.
    #[test]
    fn events_come_before_requests_and_requests_before_the_wait() {
        let mut talker = Talker { events: ["one"].into(), requests: [1, 2].into() };
        assert_eq!(talker.poll_output(), Output::Event("one"));
        assert_eq!(talker.poll_output(), Output::Request(1));
        talker.handle(Tick(0), "two");
        assert_eq!(talker.poll_output(), Output::Event("two"));
        assert_eq!(talker.poll_output(), Output::Request(2));
        assert_eq!(talker.poll_output(), Output::Wait(Some(Tick(7))));
    }
}
