//! Everything that a simulated store is, as plain data that is moved by one virtual clock.
//!
//! Nothing runs in the background. Effects that are on their way stand in a queue with the time of their
//! landing, and every look at the store first [lands](State::drain) what is due. So effects need nobody to
//! wait for them: their senders may be long gone.

mod fate;
mod landing;

use crate::clock::StoreClock;
use crate::counts::{Counts, Happened};
use crate::faults::{Fault, Faults};
use crate::lies::Lies;
use crate::matching::Match;
use crate::objects::Objects;
use crate::random::Random;
use crate::request::{Reply, Request, Sent};
use crate::trace::{Event, Trace, What};
use landing::Landing;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

#[derive(Debug)]
pub(crate) struct State {
    pub(crate) seed: u64,
    pub(crate) page: usize,
    pub(crate) bulk: usize,
    pub(crate) clock: StoreClock,
    pub(crate) lies: Lies,
    pub(crate) faults: Faults,
    pub(crate) quiet: bool,
    pub(crate) objects: Objects,
    pub(crate) clients: BTreeMap<Arc<str>, Client>,
    pub(crate) rules: BTreeMap<u64, RuleState>,
    pub(crate) holds: BTreeMap<u64, HoldState>,
    pub(crate) counts: Counts,
    pub(crate) trace: Trace,
    landings: BTreeMap<(Duration, u64), Landing>,
    callers: BTreeMap<u64, Caller>,
    requests: u64,
    order: u64,
}

/// A client's standing.
#[derive(Debug, Default)]
pub(crate) struct Client {
    /// Its own profile, if it has one.
    pub(crate) faults: Option<Faults>,
    pub(crate) cut: bool,
    pub(crate) frozen: bool,
    pub(crate) killed: bool,
    sent: u64,
    parked: Vec<Arc<Sent>>,
}

#[derive(Debug)]
pub(crate) struct RuleState {
    pub(crate) matches: Match,
    pub(crate) fault: Fault,
    pub(crate) left: u64,
    pub(crate) hits: u64,
}

#[derive(Debug)]
pub(crate) struct HoldState {
    pub(crate) matches: Match,
    pub(crate) left: u64,
    pub(crate) waiting: Vec<Arc<Sent>>,
}

/// Somebody who waits for a reply.
#[derive(Debug)]
struct Caller {
    client: Arc<str>,
    nth: u64,
    /// When the reply comes; `None` while nobody can say, or if it never does.
    due: Option<Duration>,
    reply: Option<Reply>,
    /// Whether the reply stands for one that was lost.
    lost: bool,
}

/// How long a caller must wait.
#[derive(Debug)]
pub(crate) enum Wait {
    Over(Reply),
    Until(Duration),
    ForChange,
}

impl State {
    pub(crate) fn new(
        seed: u64,
        page: usize,
        bulk: usize,
        mut clock: StoreClock,
        lies: Lies,
        faults: Faults,
        trace: bool,
    ) -> Self {
        clock.seed = seed;
        Self {
            seed,
            page,
            bulk,
            clock,
            lies,
            faults,
            quiet: false,
            objects: Objects::remembering(lies.memory()),
            clients: BTreeMap::new(),
            rules: BTreeMap::new(),
            holds: BTreeMap::new(),
            counts: Counts::default(),
            trace: Trace::new(trace),
            landings: BTreeMap::new(),
            callers: BTreeMap::new(),
            requests: 0,
            order: 0,
        }
    }

    pub(crate) fn next_order(&mut self) -> u64 {
        self.order += 1;
        self.order
    }

    pub(crate) fn client(&mut self, name: &Arc<str>) -> &mut Client {
        self.clients.entry(Arc::clone(name)).or_default()
    }

    /// The profile that a client's requests fare by.
    fn faults_of(&self, client: &str) -> &Faults {
        self.clients.get(client).and_then(|client| client.faults.as_ref()).unwrap_or(&self.faults)
    }

    pub(crate) fn note(&mut self, now: Duration, client: &Arc<str>, text: impl Into<String>) {
        let what = What::Note(text.into());
        self.trace.push(Event { at: now, client: Arc::clone(client), request: None, what });
    }

    fn happened(&mut self, now: Duration, sent: &Sent, what: Happened) {
        self.counts.note(what, 1);
        self.event(now, sent, What::Happened(what));
    }

    fn event(&mut self, now: Duration, sent: &Sent, what: What) {
        self.trace.push(Event { at: now, client: Arc::clone(&sent.client), request: Some(sent.id), what });
    }

    /// Takes a request from a client.
    pub(crate) fn send(&mut self, now: Duration, client: &Arc<str>, request: Request) -> u64 {
        self.drain(now);
        self.requests += 1;
        let id = self.requests;
        self.counts.request(request.op());
        let from = self.client(client);
        from.sent += 1;
        let nth = from.sent;
        let sent = Arc::new(Sent { id, client: Arc::clone(client), nth, request });
        self.event(now, &sent, What::Sent(format!("{} {}", sent.request.op(), sent.request)));
        self.callers
            .insert(id, Caller { client: Arc::clone(client), nth, due: None, reply: None, lost: false });
        self.depart(now, sent);
        id
    }

    /// Lets a request leave its client, if the client can.
    fn depart(&mut self, now: Duration, sent: Arc<Sent>) {
        let client = self.client(&sent.client);
        if client.killed {
            return;
        }
        if client.frozen {
            client.parked.push(Arc::clone(&sent));
            return self.happened(now, &sent, Happened::Parked);
        }
        if client.cut {
            self.happened(now, &sent, Happened::CutOff);
            return self.lose(now, &sent);
        }
        let held = self.holds.values_mut().find(|hold| hold.left > 0 && hold.matches.fits(&sent));
        if let Some(hold) = held {
            hold.left -= 1;
            hold.waiting.push(Arc::clone(&sent));
            return self.happened(now, &sent, Happened::Held);
        }
        self.travel(now, sent);
    }

    /// Whether a caller's wait is over.
    pub(crate) fn poll(&mut self, now: Duration, id: u64) -> Wait {
        self.drain(now);
        let Some(caller) = self.callers.get_mut(&id) else { return Wait::ForChange };
        let (standing, due) = (self.clients.get(&caller.client), caller.due);
        let Some(standing) = standing.filter(|standing| !standing.killed) else { return Wait::ForChange };
        let Some(due) = due else { return Wait::ForChange };
        if due > now {
            return Wait::Until(due);
        }
        if standing.frozen {
            self.counts.note(Happened::ReplyParked, 1);
            return Wait::ForChange;
        }
        if standing.cut && !caller.lost {
            // The reply is lost; what the caller sees instead comes later.
            caller.lost = true;
            let sent = Sent { id, client: Arc::clone(&caller.client), nth: caller.nth, request: nothing() };
            self.happened(now, &sent, Happened::CutOff);
            self.lose(now, &sent);
            return self.poll_again(id);
        }
        let Some(reply) = caller.reply.take() else { return Wait::ForChange };
        self.answered(now, id, &reply);
        Wait::Over(reply)
    }

    fn poll_again(&self, id: u64) -> Wait {
        let due = self.callers.get(&id).and_then(|caller| caller.due);
        due.map_or(Wait::ForChange, Wait::Until)
    }

    fn answered(&mut self, now: Duration, id: u64, reply: &Reply) {
        if let Some(Caller { client, .. }) = self.callers.remove(&id) {
            self.trace.push(Event {
                at: now,
                client,
                request: Some(id),
                what: What::Answered(reply.to_string()),
            });
        }
    }

    /// A caller stops waiting before it has a reply.
    pub(crate) fn leave(&mut self, now: Duration, id: u64) {
        if let Some(Caller { client, .. }) = self.callers.remove(&id) {
            self.counts.note(Happened::SenderLeft, 1);
            self.trace.push(Event { at: now, client, request: Some(id), what: What::Left });
        }
    }

    /// Lets a frozen client go on.
    pub(crate) fn thaw(&mut self, now: Duration, name: &Arc<str>) {
        self.drain(now);
        let client = self.client(name);
        client.frozen = false;
        for sent in std::mem::take(&mut client.parked) {
            self.depart(now, sent);
        }
    }

    /// Ends a client for ever. Each request that has not taken effect still may, with probability `landing`.
    pub(crate) fn kill(&mut self, now: Duration, name: &Arc<str>, landing: f64) {
        self.drain(now);
        let client = self.client(name);
        (client.killed, client.frozen, client.cut) = (true, false, false);
        let parked = std::mem::take(&mut client.parked);
        let mut random = Random::new(self.seed, name, u64::MAX);
        for sent in parked {
            if random.happens(landing) {
                self.travel(now, sent);
            } else {
                self.happened(now, &sent, Happened::LostWithKill);
            }
        }
        let of_client = |landing: &Landing| landing.sent.client == *name;
        let keys: Vec<_> = self.landings.iter().filter(|(_, l)| of_client(l)).map(|(key, _)| *key).collect();
        for key in keys {
            if !random.happens(landing)
                && let Some(lost) = self.landings.remove(&key)
            {
                self.happened(now, &lost.sent, Happened::LostWithKill);
            }
        }
    }

    /// Releases a held request.
    pub(crate) fn release(&mut self, now: Duration, sent: Arc<Sent>) {
        self.drain(now);
        if self.client(&sent.client).cut {
            self.happened(now, &sent, Happened::CutOff);
            return self.lose(now, &sent);
        }
        self.travel(now, sent);
    }

    /// The time between two pages of a listing.
    pub(crate) fn page_gap(&mut self, client: &Arc<str>) -> Duration {
        let nth = self.client(client).sent;
        let mut random = Random::new(self.seed, client, nth | PAGE_GAPS);
        self.faults_of(client).page_gap.sample(&mut random)
    }
}

const fn nothing() -> Request {
    Request::Delete { paths: Vec::new() }
}

/// Streams above this are for the gaps between pages, apart from those of the requests.
const PAGE_GAPS: u64 = 1 << 62;
