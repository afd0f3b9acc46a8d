//! The state of the lease model, and what each action does to it.

use super::{Bounds, CAME_LATE, LIVE_SUPERSEDED, LeaseModel, TOOK_OVER};
use crate::world::{Broken, Oracle, Store};
use fencepost_fence::{
    Change, Commit, CommitOutcome, HolderRequest, LeaseHolder, LeaseObserver, LeaseView, ObserverRequest,
    ReadReply, Reply, Request, Takeover, Tick, Verdict,
};
use fencepost_format::{Epoch, Manifest, Nonce, ShardId, Version};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// One step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the fields say who does it, where, or to what")]
pub enum Action {
    /// A party's clock goes on.
    Tick { party: usize },
    /// A holder's lease write is sent.
    Renew { party: usize },
    /// A lease write reaches the store, at any later time.
    Write { party: usize },
    /// A holder closes.
    Release { party: usize },
    /// One of a candidate's reads is performed.
    Read { party: usize, which: usize },
    /// The answer to a candidate's read of a lease reaches it.
    Answer { party: usize },
    /// A candidate's claim reaches the store.
    Land { party: usize },
}

/// The store and the parties; party 0 holds the shard at first.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct State {
    store: Arc<Store>,
    oracle: Arc<Oracle>,
    parties: Vec<Arc<Party>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Party {
    role: Role,
    clock: u64,
    /// How often it still writes its lease, once it holds.
    writes_left: u8,
    /// The epoch that it watched when it began to claim.
    watched: Option<Epoch>,
    /// The lease that it saw of each epoch, and its own time when it first and last read it so.
    seen: BTreeMap<Epoch, (Option<LeaseView>, u64, u64)>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Role {
    Holder {
        lease: LeaseHolder,
        epoch: Epoch,
        flight: Option<HolderRequest>,
        released: bool,
    },
    Watching {
        observer: LeaseObserver,
        wants: Vec<ObserverRequest>,
        answers: Vec<(Epoch, ReadReply<LeaseView>)>,
    },
    Claiming {
        observer: LeaseObserver,
        commit: Commit,
        wants: Option<Request>,
    },
    Gone,
}

impl State {
    pub(super) fn new(bounds: &Bounds) -> Self {
        let (epoch, version, nonce) = (Epoch::FIRST, Version::FIRST, Some(Nonce(1)));
        let initial = Manifest::initial(ShardId::default());
        let claim = Manifest { version, writer_epoch: epoch, nonce, ..initial };
        let (mut store, mut oracle) = (Store::default(), Oracle::default());
        oracle.chained(None, &claim, Nonce(1));
        store.create_manifest(Arc::new(claim));
        let lease = LeaseHolder::new(epoch, bounds.ttl, Tick(0));
        let holder = Role::Holder { lease, epoch, flight: None, released: false };
        let mut roles = vec![holder];
        for _ in 0..bounds.candidates {
            let observer = LeaseObserver::new(Takeover::Expired, Tick(0), u64::MAX / 2, bounds.ttl);
            roles.push(watching(observer, Tick(0)));
        }
        let party =
            |role| Arc::new(Party { role, clock: 0, writes_left: 2, watched: None, seen: BTreeMap::new() });
        let parties = roles.into_iter().map(party).collect();
        Self { store: Arc::new(store), oracle: Arc::new(oracle), parties }
    }

    /// The promises that do not hold.
    #[must_use]
    pub fn broken(&self) -> &BTreeSet<Broken> {
        self.oracle.broken()
    }

    pub(super) fn actions(&self, bounds: &Bounds, actions: &mut Vec<Action>) {
        if !self.broken().is_empty() {
            return;
        }
        for (party, state) in self.parties.iter().enumerate() {
            // A holder's clock matters only while it is not due.
            let idle = match &state.role {
                Role::Gone => true,
                Role::Holder { lease, .. } => {
                    state.writes_left == 0 || lease.clone().poll_request(Tick(state.clock)).is_some()
                }
                Role::Watching { .. } | Role::Claiming { .. } => false,
            };
            if state.clock < bounds.ticks && !idle {
                actions.push(Action::Tick { party });
            }
            match &state.role {
                Role::Holder { lease, flight, released, .. } => {
                    if flight.is_some() {
                        actions.push(Action::Write { party });
                    } else if state.writes_left > 0 && lease.clone().poll_request(Tick(state.clock)).is_some()
                    {
                        actions.push(Action::Renew { party });
                    }
                    if !released && state.writes_left > 0 {
                        actions.push(Action::Release { party });
                    }
                }
                Role::Watching { observer, wants, answers } => {
                    if !answers.is_empty() {
                        actions.push(Action::Answer { party });
                    }
                    let due = observer.clone().poll_request(Tick(state.clock)).is_some();
                    let wanted = if wants.is_empty() { usize::from(due) } else { wants.len() };
                    actions.extend((0..wanted).map(|which| Action::Read { party, which }));
                }
                Role::Claiming { wants: Some(Request::CreateManifest { .. }), .. } => {
                    actions.push(Action::Land { party });
                }
                Role::Claiming { .. } => actions.push(Action::Read { party, which: 0 }),
                Role::Gone => {}
            }
        }
    }

    pub(super) fn act(&mut self, model: &LeaseModel, action: Action) {
        let store = Arc::make_mut(&mut self.store);
        match action {
            Action::Tick { party } => Arc::make_mut(&mut self.parties[party]).clock += 1,
            Action::Renew { party } => {
                let party = Arc::make_mut(&mut self.parties[party]);
                let now = Tick(party.clock);
                let Role::Holder { lease, flight, .. } = &mut party.role else { unreachable!("it holds") };
                *flight = lease.poll_request(now);
                party.writes_left -= 1;
            }
            Action::Write { party } => {
                let party = Arc::make_mut(&mut self.parties[party]);
                let now = Tick(party.clock);
                let Role::Holder { lease, flight, released, epoch } = &mut party.role else {
                    unreachable!("it holds")
                };
                let request = flight.take().expect("a write is on its way");
                lease.handle_written(now, &request);
                store.leases.insert(request.epoch, request.lease);
                if store.epoch() > *epoch && !*released {
                    model.reached.note(LIVE_SUPERSEDED);
                }
                if request.lease.released || party.writes_left == 0 || store.epoch() > *epoch {
                    party.role = Role::Gone;
                }
            }
            Action::Release { party } => {
                let party = Arc::make_mut(&mut self.parties[party]);
                let Role::Holder { lease, released, .. } = &mut party.role else { unreachable!("it holds") };
                lease.release();
                *released = true;
            }
            Action::Read { party, which } => self.read(model, party, which),
            Action::Answer { party } => {
                let state = Arc::make_mut(&mut self.parties[party]);
                let now = Tick(state.clock);
                let Role::Watching { observer, answers, .. } = &mut state.role else {
                    unreachable!("it watches")
                };
                let (epoch, lease) = answers.remove(0);
                let verdict = observer.handle_lease(now, epoch, &lease);
                want_more(&mut state.role, now);
                self.conclude(model, party, verdict);
            }
            Action::Land { party } => self.land(model, party),
        }
    }

    fn read(&mut self, model: &LeaseModel, index: usize, which: usize) {
        let store = Arc::clone(&self.store);
        let party = Arc::make_mut(&mut self.parties[index]);
        let now = Tick(party.clock);
        match &mut party.role {
            Role::Watching { observer, wants, answers } => {
                if wants.is_empty() {
                    wants.extend(observer.poll_request(now));
                }
                match wants.remove(which) {
                    // What it reads of the newest lease before it knows the epoch, at one go.
                    // P-113.
                    ObserverRequest::ListLeases => {
                        let highest = store.leases.keys().next_back().copied();
                        observer.handle_leases(&highest.map_or(ReadReply::Absent, ReadReply::Found));
                        if let Some(ObserverRequest::ReadLease(epoch)) = observer.poll_request(now) {
                            let lease = sees(&store, &mut party.seen, epoch, party.clock);
                            let verdict = observer.handle_lease(now, epoch, &lease);
                            assert!(verdict.is_none(), "nobody knows yet whether it counts");
                        }
                    }
                    ObserverRequest::ReadLease(epoch) => {
                        answers.push((epoch, sees(&store, &mut party.seen, epoch, party.clock)));
                    }
                    // The whole search, at one go.
                    ObserverRequest::Manifest(request) => {
                        wants.retain(|request| *request != ObserverRequest::ListLeases);
                        let mut reads = vec![request];
                        let mut verdict = None;
                        while let Some(read) = reads.pop() {
                            let reply = store.read(&read).expect("this is a read");
                            if let Some(concluded) = observer.handle(now, &reply) {
                                verdict = Some(concluded);
                            }
                            while let Some(request) = observer.poll_request(now) {
                                match request {
                                    ObserverRequest::Manifest(request) => reads.push(request),
                                    other => wants.push(other),
                                }
                            }
                        }
                        self.conclude(model, index, verdict);
                    }
                }
            }
            Role::Claiming { .. } => self.search(model, index),
            Role::Holder { .. } | Role::Gone => unreachable!("only candidates read"),
        }
    }

    /// Performs all the reads of a commit up to its create or its end.
    fn search(&mut self, model: &LeaseModel, index: usize) {
        let store = Arc::clone(&self.store);
        let party = Arc::make_mut(&mut self.parties[index]);
        let now = Tick(party.clock);
        let Role::Claiming { commit, wants, .. } = &mut party.role else { unreachable!("it claims") };
        loop {
            let request =
                wants.take().or_else(|| commit.poll_request()).expect("a commit goes on until it ends");
            if let Request::CreateManifest { .. } = request {
                *wants = Some(request);
                return;
            }
            let reply = store.read(&request).expect("this is a read");
            if let Some(outcome) = commit.handle(now, &reply) {
                return self.claimed(model, index, outcome);
            }
        }
    }

    fn land(&mut self, model: &LeaseModel, index: usize) {
        let store = Arc::make_mut(&mut self.store);
        let party = Arc::make_mut(&mut self.parties[index]);
        let Role::Claiming { commit, wants, .. } = &mut party.role else { unreachable!("it claims") };
        let Some(Request::CreateManifest { manifest, .. }) = wants.take() else { unreachable!("it creates") };
        let before = store.latest().cloned();
        let manifest = Arc::new(manifest);
        let reply = store.create_manifest(Arc::clone(&manifest));
        if reply == fencepost_fence::CreateReply::Done {
            let oracle = Arc::make_mut(&mut self.oracle);
            oracle.chained(before.as_deref(), &manifest, Nonce(index as u128 + 1));
            if party.watched != before.map(|before| before.writer_epoch) {
                oracle.breaks(Broken::ClaimOfOther);
            }
        }
        let reply = Reply::ManifestCreated(manifest.version, reply);
        if let Some(outcome) = commit.handle(Tick(party.clock), &reply) {
            return self.claimed(model, index, outcome);
        }
        self.search(model, index);
    }

    fn conclude(&mut self, model: &LeaseModel, index: usize, verdict: Option<Verdict>) {
        let Some(verdict) = verdict else { return };
        let party = Arc::make_mut(&mut self.parties[index]);
        let Verdict::Claim { only_if } = verdict else {
            party.role = Role::Gone;
            return;
        };
        if let Some((lease, first, last)) = only_if.and_then(|epoch| party.seen.get(&epoch).copied())
            && !lease.is_some_and(|lease| lease.released)
            && last - first < model.bounds.ttl
        {
            Arc::make_mut(&mut self.oracle).breaks(Broken::ClaimTooEarly);
        }
        let Role::Watching { observer, .. } = &party.role else { unreachable!("it watched") };
        let change = Change::Claim { shard: ShardId::default(), only_if };
        let commit = Commit::upon(change, Nonce(index as u128 + 1), Tick(u64::MAX), observer.basis());
        party.watched = only_if;
        party.role = Role::Claiming { observer: observer.clone(), commit, wants: None };
    }

    fn claimed(&mut self, model: &LeaseModel, index: usize, outcome: CommitOutcome) {
        let party = Arc::make_mut(&mut self.parties[index]);
        let now = Tick(party.clock);
        let Role::Claiming { observer, .. } = &party.role else { unreachable!("it claimed") };
        let mut observer = observer.clone();
        party.role = match outcome {
            CommitOutcome::Won(manifest) => {
                model.reached.note(TOOK_OVER);
                let epoch = manifest.writer_epoch;
                let lease = LeaseHolder::new(epoch, model.bounds.ttl, now);
                Role::Holder { lease, epoch, flight: None, released: false }
            }
            CommitOutcome::Superseded { by } => {
                model.reached.note(CAME_LATE);
                observer.superseded(now, by);
                watching(observer, now)
            }
            CommitOutcome::Unchanged(_) | CommitOutcome::Sealed | CommitOutcome::GaveUp(_) => Role::Gone,
        };
        (party.watched, party.seen) = (None, BTreeMap::new());
    }
}

fn watching(observer: LeaseObserver, now: Tick) -> Role {
    let mut role = Role::Watching { observer, wants: Vec::new(), answers: Vec::new() };
    want_more(&mut role, now);
    role
}

/// Notes what a candidate wants to read now.
fn want_more(role: &mut Role, now: Tick) {
    if let Role::Watching { observer, wants, .. } = role {
        wants.extend(std::iter::from_fn(|| observer.poll_request(now)));
    }
}

/// What a candidate sees of a lease at its own time, and notes of it.
fn sees(
    store: &Store,
    seen: &mut BTreeMap<Epoch, (Option<LeaseView>, u64, u64)>,
    epoch: Epoch,
    clock: u64,
) -> ReadReply<LeaseView> {
    let there = store.leases.get(&epoch).copied();
    let first = match seen.get(&epoch) {
        Some((lease, first, _)) if *lease == there => *first,
        _ => clock,
    };
    seen.insert(epoch, (there, first, clock));
    there.map_or(ReadReply::Absent, ReadReply::Found)
}
