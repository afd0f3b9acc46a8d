//! The state of the manifest model, and what each action does to it.

use super::{
    Bounds, FOUND_OWN, LANDED_IN_PRUNED_SPACE, LATE, ManifestModel, NOW, ROLLED_BACK, SEALED, SUPERSEDED,
    UNSEALED,
};
use crate::world::{Broken, Oracle, Store};
use fencepost_fence::{
    Change, Commit, CommitOutcome, CreateReply, FindLatest, GaveUp, ReadReply, Reply, Request, Tick,
};
use fencepost_format::{Epoch, Manifest, Nonce, Position, ShardId, ShardStatus, Version};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// One step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the fields say who does it, where, or to what")]
pub enum Action {
    /// The next claimant begins.
    Claim,
    /// A holder starts a checkpoint at the next position, or at a lower one.
    Checkpoint { of: usize, back: bool },
    /// Somebody who only wants to know begins a search for the latest manifest.
    Search,
    /// An opener looks whether this manifest still is the latest.
    Look { at: Version },
    /// A read of that search or look is performed; a listing may miss the newest version.
    SearchReads { which: usize, lags: bool },
    /// A committer's read is performed; a listing may miss the newest version.
    Read { of: usize, which: usize, lags: bool },
    /// A create reaches the store.
    Land { flight: usize, how: Landing },
    /// A create's sender hears nothing; perhaps for so long that it gives up.
    TimeOut { flight: usize, gives_up: bool },
    /// The lowest version is pruned.
    Prune,
    /// The bucket is put back to what it was before its latest manifest.
    Restore,
    /// A holder, perhaps a former one, starts to seal the shard.
    Seal { of: usize },
    /// An operator starts to unseal it.
    Unseal,
}

/// What becomes of a create.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Landing {
    /// Its sender is told, if it still waits.
    Told,
    /// Its reply is lost.
    Lost,
    /// Its sender is told, and a copy is still on its way.
    Copied,
}

/// Manifests, committers, creates on their way.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct State {
    store: Arc<Store>,
    oracle: Arc<Oracle>,
    /// Which commit each version of the chain was by, as it became the latest.
    chain: BTreeMap<Nonce, Version>,
    committers: Vec<Arc<Committer>>,
    flights: Vec<Flight>,
    search: Option<Arc<Search>>,
    searches: u8,
    looks: u8,
    restores: u8,
    losses: u8,
    duplicates: u8,
    give_ups: u8,
    lags: u8,
    claims: usize,
    seals: bool,
    unseals: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Committer {
    nonce: Nonce,
    epoch: Epoch,
    /// The highest version that it knows to have been the latest, and the nonce in it.
    known: (Version, Option<Nonce>),
    commit: Option<Commit>,
    reads: Vec<Request>,
    /// The latest version when its search began, and its epoch.
    floor: (Version, Epoch),
    /// It reads already: what it asks for now belongs to the same search.
    searches_on: bool,
    /// How many checkpoints it makes if it gets an epoch; who lifts a seal makes none.
    checkpoints_granted: u32,
    checkpoints_left: u32,
    commits: u32,
}

/// A search on its own: a collector's, a reader's, the last look of an opener.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Search {
    find: FindLatest,
    reads: Vec<Request>,
    floor: Version,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Flight {
    manifest: Arc<Manifest>,
    of: usize,
    awaited: bool,
}

impl State {
    pub(super) fn new(bounds: &Bounds) -> Self {
        Self {
            store: Arc::default(),
            oracle: Arc::default(),
            chain: BTreeMap::new(),
            committers: Vec::new(),
            flights: Vec::new(),
            search: None,
            searches: bounds.searches,
            looks: bounds.looks,
            restores: bounds.restores,
            losses: bounds.losses,
            duplicates: bounds.duplicates,
            give_ups: bounds.give_ups,
            lags: bounds.lags,
            claims: bounds.checkpoints.len(),
            seals: bounds.seals,
            unseals: bounds.seals,
        }
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
        if self.claims > 0 {
            actions.push(Action::Claim);
        }
        match &self.search {
            Some(search) => {
                for which in choices(bounds, search.reads.len()) {
                    actions.push(Action::SearchReads { which, lags: false });
                    if self.may_lag(&search.reads[which]) {
                        actions.push(Action::SearchReads { which, lags: true });
                    }
                }
            }
            None if self.store.latest().is_some() => {
                if self.searches > 0 {
                    actions.push(Action::Search);
                }
                if self.looks > 0 {
                    actions
                        .extend(self.store.manifests().map(|manifest| Action::Look { at: manifest.version }));
                }
            }
            None => {}
        }
        for (of, committer) in self.committers.iter().enumerate() {
            for which in choices(bounds, committer.reads.len()) {
                actions.push(Action::Read { of, which, lags: false });
                if self.may_lag(&committer.reads[which]) {
                    actions.push(Action::Read { of, which, lags: true });
                }
            }
            if committer.commit.is_none() && committer.checkpoints_left > 0 {
                actions.push(Action::Checkpoint { of, back: false });
                if self.store.replay_after() > Position::FIRST {
                    actions.push(Action::Checkpoint { of, back: true });
                }
            }
        }
        for flight in 0..self.flights.len() {
            self.flight_actions(flight, actions);
        }
        if bounds.keep > 0 && self.store.manifests().count() > bounds.keep {
            actions.push(Action::Prune);
        }
        if self.seals {
            let holders = self.committers.iter().enumerate();
            let idle = holders.filter(|(_, of)| of.commit.is_none() && !of.epoch.is_none());
            actions.extend(idle.map(|(of, _)| Action::Seal { of }));
        } else if self.unseals {
            actions.push(Action::Unseal);
        }
        let alone =
            self.flights.is_empty() && self.committers.iter().all(|committer| committer.commit.is_none());
        if self.restores > 0 && alone && self.store.latest().is_some() {
            actions.push(Action::Restore);
        }
    }

    fn may_lag(&self, read: &Request) -> bool {
        let lists = matches!(read, Request::ListManifests { .. });
        lists && self.lags > 0 && self.store.manifests().count() > 1
    }

    fn flight_actions(&self, index: usize, actions: &mut Vec<Action>) {
        let flight = &self.flights[index];
        let free = self.store.manifest(flight.manifest.version).is_none();
        if flight.awaited || free {
            actions.push(Action::Land { flight: index, how: Landing::Told });
        }
        if flight.awaited && free && self.losses > 0 {
            actions.push(Action::Land { flight: index, how: Landing::Lost });
        }
        if flight.awaited && self.duplicates > 0 {
            actions.push(Action::Land { flight: index, how: Landing::Copied });
        }
        if flight.awaited && self.losses > 0 {
            actions.push(Action::TimeOut { flight: index, gives_up: false });
        }
        if flight.awaited && self.give_ups > 0 {
            actions.push(Action::TimeOut { flight: index, gives_up: true });
        }
    }

    pub(super) fn act(&mut self, model: &ManifestModel, action: Action) {
        match action {
            Action::Claim => {
                let nth = model.bounds.checkpoints.len() - self.claims;
                self.claims -= 1;
                let only_if = model.bounds.watched.then(|| self.store.epoch());
                let change = Change::Claim { shard: ShardId::default(), only_if };
                self.begin(model, change, model.bounds.checkpoints[nth]);
            }
            Action::Checkpoint { of, back } => self.checkpoint(model, of, back),
            Action::Search => {
                self.searches -= 1;
                self.search(FindLatest::new(LATE));
            }
            Action::Look { at } => {
                self.looks -= 1;
                let known = self.store.manifest(at).expect("it is there");
                self.search(FindLatest::look(LATE, known));
            }
            Action::SearchReads { which, lags } => self.search_reads(which, lags),
            Action::Read { of, which, lags } => self.read(model, of, which, lags),
            Action::Restore => {
                self.restores -= 1;
                let latest = self.store.latest().expect("something was made").version;
                Arc::make_mut(&mut self.store).delete_manifest(latest);
                Arc::make_mut(&mut self.oracle).restored(&self.store);
                self.chain.retain(|_, version| *version != latest);
            }
            Action::Land { flight, how } => self.land(model, flight, how),
            Action::TimeOut { flight, gives_up } => {
                self.flights[flight].awaited = false;
                let Flight { manifest, of, .. } = self.flights[flight].clone();
                let left = if gives_up { &mut self.give_ups } else { &mut self.losses };
                *left -= 1;
                let reply = Reply::ManifestCreated(manifest.version, CreateReply::Unknown);
                self.tell(model, of, if gives_up { LATE } else { NOW }, &reply);
            }
            Action::Prune => {
                let store = Arc::make_mut(&mut self.store);
                let lowest = store.manifests().next().map(|manifest| manifest.version);
                lowest.iter().for_each(|&version| {
                    store.delete_manifest(version);
                });
            }
            Action::Seal { of } => {
                self.seals = false;
                let change = Change::Seal { epoch: self.committers[of].epoch };
                self.commit_again(model, of, change);
            }
            Action::Unseal => {
                self.unseals = false;
                self.begin(model, Change::Unseal, 0);
            }
        }
        self.flights.sort_by_key(|flight| (flight.manifest.version, flight.manifest.nonce, flight.awaited));
    }

    /// Somebody new commits, and checkpoints so often if it holds an epoch then.
    fn begin(&mut self, model: &ManifestModel, change: Change, checkpoints: u32) {
        let index = self.committers.len();
        let nonce = Nonce(index as u128 + 1);
        let committer = Committer {
            nonce,
            epoch: Epoch::NONE,
            known: (Version::NONE, None),
            commit: Some(Commit::new(change, nonce, LATE)),
            reads: Vec::new(),
            floor: (Version::NONE, Epoch::NONE),
            searches_on: false,
            checkpoints_granted: checkpoints,
            checkpoints_left: 0,
            commits: 0,
        };
        self.committers.push(Arc::new(committer));
        self.settle(model, index);
    }

    fn search(&mut self, mut find: FindLatest) {
        let reads = std::iter::from_fn(|| find.poll_request()).collect();
        let floor = self.store.latest().map_or(Version::NONE, |latest| latest.version);
        self.search = Some(Arc::new(Search { find, reads, floor }));
    }

    /// P-1, P-111: what it finds was the latest at some moment since it began.
    fn search_reads(&mut self, which: usize, lags: bool) {
        let Some(search) = &mut self.search else { unreachable!("a search is under way") };
        let search = Arc::make_mut(search);
        let request = search.reads.remove(which);
        let mut reply = self.store.read(&request).expect("this is a read");
        if lags {
            self.lags -= 1;
            reply = second_newest(&self.store);
        }
        let Some(found) = search.find.handle(NOW, &reply) else {
            search.reads.extend(std::iter::from_fn(|| search.find.poll_request()));
            return;
        };
        let was_latest = |manifest: &Manifest| {
            let nonce = manifest.nonce.expect("commits have nonces");
            manifest.version >= search.floor && self.chain.get(&nonce) == Some(&manifest.version)
        };
        if !found.is_ok_and(|found| found.is_some_and(|manifest| was_latest(&manifest))) {
            Arc::make_mut(&mut self.oracle).breaks(Broken::StaleSearch);
        }
        self.search = None;
    }

    fn checkpoint(&mut self, model: &ManifestModel, of: usize, back: bool) {
        let replay_after = self.store.replay_after();
        let committer = Arc::make_mut(&mut self.committers[of]);
        committer.checkpoints_left -= 1;
        let replay_after = if back { replay_after.prev() } else { replay_after.next() };
        let (epoch, (known, nonce)) = (committer.epoch, committer.known);
        let change = Change::Checkpoint { epoch, known, nonce, replay_after, tail: replay_after };
        self.commit_again(model, of, change);
    }

    /// A holder commits under its epoch.
    fn commit_again(&mut self, model: &ManifestModel, of: usize, change: Change) {
        let committer = Arc::make_mut(&mut self.committers[of]);
        committer.commits += 1;
        committer.searches_on = false;
        let nonce = Nonce(committer.nonce.0 + (u128::from(committer.commits) << 64));
        committer.commit = Some(Commit::new(change, nonce, LATE));
        self.settle(model, of);
    }

    fn read(&mut self, model: &ManifestModel, of: usize, which: usize, lags: bool) {
        let committer = Arc::make_mut(&mut self.committers[of]);
        let request = committer.reads.remove(which);
        let mut reply = self.store.read(&request).expect("this is a read");
        if !std::mem::replace(&mut committer.searches_on, true) {
            let latest = self.store.latest();
            committer.floor =
                latest.map_or_else(Default::default, |latest| (latest.version, latest.writer_epoch));
        }
        if lags {
            self.lags -= 1;
            reply = second_newest(&self.store);
        }
        if let (Reply::Manifest(_, ReadReply::Found(found)), Some(commit)) = (&reply, &committer.commit)
            && commit.version() == Some(found.version)
            && self.losses < model.bounds.losses
            && found.nonce.is_some_and(|nonce| nonce.0 as u64 == committer.nonce.0 as u64)
        {
            model.reached.note(FOUND_OWN);
        }
        self.tell(model, of, NOW, &reply);
    }

    fn land(&mut self, model: &ManifestModel, index: usize, how: Landing) {
        let Flight { manifest, of, awaited } = self.flights.remove(index);
        let store = Arc::make_mut(&mut self.store);
        let before = store.latest().cloned();
        let mut reply = store.create_manifest(Arc::clone(&manifest));
        if reply == CreateReply::Done {
            if before.as_ref().is_none_or(|before| before.version < manifest.version) {
                let committer = self.committers[of].nonce;
                Arc::make_mut(&mut self.oracle).chained(before.as_deref(), &manifest, committer);
                self.chain.insert(manifest.nonce.expect("commits have nonces"), manifest.version);
            } else {
                model.reached.note(LANDED_IN_PRUNED_SPACE);
            }
        }
        match how {
            Landing::Told => {}
            Landing::Lost => {
                self.losses -= 1;
                reply = CreateReply::Unknown;
            }
            Landing::Copied => {
                self.duplicates -= 1;
                self.flights.push(Flight { manifest: Arc::clone(&manifest), of, awaited: false });
            }
        }
        if awaited {
            self.tell(model, of, NOW, &Reply::ManifestCreated(manifest.version, reply));
        }
    }

    fn tell(&mut self, model: &ManifestModel, of: usize, now: Tick, reply: &Reply) {
        let committer = Arc::make_mut(&mut self.committers[of]);
        let Some(commit) = &mut committer.commit else { return };
        let proposed = commit.version();
        let outcome = commit.handle(now, reply);
        if proposed.is_some() && commit.version().is_none() {
            committer.searches_on = false;
        }
        if let Some(outcome) = outcome {
            committer.commit = None;
            self.ended(model, of, outcome);
        }
        self.settle(model, of);
    }

    fn ended(&mut self, model: &ManifestModel, of: usize, outcome: CommitOutcome) {
        let committer = Arc::make_mut(&mut self.committers[of]);
        match outcome {
            CommitOutcome::Won(manifest) => {
                let nonce = manifest.nonce.expect("commits have nonces");
                if self.chain.get(&nonce) != Some(&manifest.version) {
                    Arc::make_mut(&mut self.oracle).breaks(Broken::WonOffChain);
                }
                committer.known = (manifest.version, manifest.nonce);
                if manifest.status == ShardStatus::Sealed {
                    model.reached.note(SEALED);
                } else if !self.unseals && model.bounds.seals {
                    model.reached.note(UNSEALED);
                }
                if committer.epoch.is_none() {
                    committer.epoch = manifest.writer_epoch;
                    committer.checkpoints_left = committer.checkpoints_granted;
                }
            }
            CommitOutcome::Superseded { by } => {
                model.reached.note(SUPERSEDED);
                // P-112.
                if by < committer.floor.1 {
                    Arc::make_mut(&mut self.oracle).breaks(Broken::StaleSearch);
                }
                committer.checkpoints_left = 0;
            }
            CommitOutcome::GaveUp(GaveUp::RolledBack { .. } | GaveUp::WentBack { .. })
                if self.restores < model.bounds.restores =>
            {
                model.reached.note(ROLLED_BACK);
                committer.checkpoints_left = 0;
            }
            CommitOutcome::GaveUp(GaveUp::RolledBack { .. } | GaveUp::WentBack { .. }) => {
                Arc::make_mut(&mut self.oracle).breaks(Broken::FalseRollback);
            }
            CommitOutcome::GaveUp(_) if !committer.epoch.is_none() => {}
            CommitOutcome::Unchanged(_) | CommitOutcome::Sealed | CommitOutcome::GaveUp(_) => {}
        }
    }

    fn settle(&mut self, model: &ManifestModel, of: usize) {
        let _ = model;
        let committer = Arc::make_mut(&mut self.committers[of]);
        let Some(commit) = &mut committer.commit else { return };
        let mut created = None;
        while let Some(request) = commit.poll_request() {
            match request {
                Request::CreateManifest { manifest, .. } => created = Some(manifest),
                read => committer.reads.push(read),
            }
        }
        let Some(manifest) = created else { return };
        let oracle = Arc::make_mut(&mut self.oracle);
        let nonce = manifest.nonce.expect("commits have nonces");
        if self.chain.get(&nonce).is_some_and(|&version| version != manifest.version) {
            oracle.breaks(Broken::CommitAfterWin);
        }
        if manifest.version <= committer.floor.0 {
            oracle.breaks(Broken::StaleSearch);
        }
        self.flights.push(Flight { manifest: Arc::new(manifest), of, awaited: true });
    }
}

/// The answer of a listing that lags.
fn second_newest(store: &Store) -> Reply {
    let second = store.manifests().rev().nth(1).expect("there are two");
    Reply::Listed(ReadReply::Found(second.version))
}

/// Which of several requests that are out may be performed next.
fn choices(bounds: &Bounds, out: usize) -> std::ops::Range<usize> {
    0..if bounds.any_order { out } else { out.min(1) }
}
