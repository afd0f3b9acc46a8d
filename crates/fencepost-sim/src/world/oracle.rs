//! The judge. It knows what clients were told and what each checkpoint covered, and asks the machines nothing.

use crate::world::Store;
use fencepost_fence::{CursorDocuments, Window};
use fencepost_format::{EntryHeader, EntryKind, Epoch, Generation, Manifest, Nonce, Position};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// One append, known by the position that it was given and the writer who made it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Append {
    /// Its position.
    pub at: Position,
    /// Its writer's nonce.
    pub by: Nonce,
}

impl Append {
    /// The append that an entry is.
    ///
    /// Entries of a foreign program count as those of nonce 0.
    #[must_use]
    pub fn of(entry: &EntryHeader) -> Self {
        Self { at: entry.position, by: entry.nonce.unwrap_or_default() }
    }
}

macro_rules! broken {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)*) => {
        /// A promise that was broken.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Broken {
            $($(#[$doc])* #[doc = $text] $name,)*
        }

        impl Broken {
            /// Every promise.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The promise, as a sentence.
            #[must_use]
            pub const fn promise(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }
        }
    };
}

broken! {
    AckedLost = "an acknowledged append is applied or replayable",
    AppliedTwice = "an append is applied at most once",
    PrefixTorn = "of each writer the log has a prefix of its appends, in order",
    ViewsDiffer = "what the holder replayed or acknowledged is what a reader from replay_after sees",
    RefusedIsInLog = "an append that was refused for certain is never in the log",
    TailTooLow = "a reader told of the tail has seen all that was acknowledged before",
    ReaderPassedHole = "a reader hands out the log, without holes and without stale entries",
    FalseTruncation = "only what was collected is reported as truncated",
    HeldTruncated = "a consumer whose cursor holds is never told that its place is gone",
    DeletedAboveBound = "nothing above replay_after or a cursor is deleted",
    GuardingFenceDeleted = "a guarding fence stays",
    HighestDeleted = "the highest entry stays",
    ReplayInsideFenceRange = "replay_after never rests inside a fence range",
    ReplayWentBack = "replay_after never goes back",
    ReplayAboveTail = "replay_after never passes the acknowledged tail",
    ReplayMovedByOther = "only the holder of the epoch moves replay_after",
    EpochOutOfOrder = "each claim takes the next epoch, and each epoch has one holder",
    WindowExceeded = "a writer's undecided appends span at most a window",
    ClosedUnsettled = "a close entry is written with nothing undecided",
    EpochWithoutFence = "an epoch is open only with its fence entry in the log",
    WriterObstructed = "no writer is obstructed by an entry of ours",
    FalseDamage = "only what was lost is reported as lost",
    LossPassed = "where something proves that an entry was there, nobody takes its place for the tail",
    FencedOffDeleted = "what was acknowledged and a loss fenced off is not deleted",
    CommitAfterWin = "a commit that was the latest manifest is not made again",
    ClaimOfOther = "a candidate that waited claims only after the epoch that it watched",
    WonOffChain = "a commit that is told of its win was the latest manifest",
    ClaimTooEarly = "a candidate claims only after it saw the lease stand still for a ttl on its own clock",
    SealedClaimed = "a sealed shard is not claimed, but by what lifts the seal",
    FalseRollback = "only a bucket that was rolled back is called so",
    LostByRestore = "what was acknowledged by processes from before a restore is in the restored log",
    TwoFirstShards = "all who make the first shard of a base make the same",
    BreakNotTold = "nobody is told that a cursor holds which was broken before they asked",
    BoundInsideFenceRange = "a collection's boundary never rests inside a fence range",
    StaleSearch = "a search finds the manifest that was the latest when it began, or a later one",
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.promise())
    }
}

/// What was said and done, as far as promises depend on it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Oracle {
    acked: BTreeSet<Append>,
    applied: BTreeMap<Position, Nonce>,
    refused: BTreeSet<Append>,
    /// Where each opened writer's appends begin.
    first: BTreeMap<Nonce, Position>,
    holders: BTreeMap<Epoch, Nonce>,
    fence_ranges: BTreeSet<Position>,
    highest: Position,
    /// What the store lost, and something proved.
    lost: BTreeSet<Position>,
    broken: BTreeSet<Broken>,
}

impl Oracle {
    /// The promises broken so far.
    #[must_use]
    pub const fn broken(&self) -> &BTreeSet<Broken> {
        &self.broken
    }

    /// Notes a broken promise.
    pub fn breaks(&mut self, promise: Broken) {
        self.broken.insert(promise);
    }

    /// What is applied: the data at or below `replay_after`, as those who moved `replay_after` saw it.
    #[must_use]
    pub const fn applied(&self) -> &BTreeMap<Position, Nonce> {
        &self.applied
    }

    /// What clients were told is durable.
    #[must_use]
    pub const fn acked(&self) -> &BTreeSet<Append> {
        &self.acked
    }

    /// What clients were told is definitely not in the log.
    #[must_use]
    pub const fn refusals(&self) -> &BTreeSet<Append> {
        &self.refused
    }

    /// Fence entries that landed above `replay_after`.
    #[must_use]
    pub const fn fence_ranges(&self) -> &BTreeSet<Position> {
        &self.fence_ranges
    }

    /// A client was told that its append is durable.
    pub fn acknowledged(&mut self, append: Append) {
        self.acked.insert(append);
    }

    /// A client was told that its append is definitely not in the log.
    pub fn refused(&mut self, append: Append) {
        self.refused.insert(append);
    }

    /// The store lost an entry that another proves.
    pub fn lose(&mut self, at: Position) {
        self.lost.insert(at);
    }

    /// A collector says that something was fenced off by a loss.
    pub fn collector_says_damaged(&mut self) {
        if self.lost.is_empty() {
            self.breaks(Broken::FalseDamage);
        }
    }

    /// Whether the store lost what was here.
    #[must_use]
    pub fn is_lost(&self, at: Position) -> bool {
        self.lost.contains(&at)
    }

    /// A writer is open and appends from `next`.
    pub fn opened(&mut self, store: &Store, writer: Nonce, epoch: Epoch, fence: Position, next: Position) {
        self.first.insert(writer, next);
        if self.holders.get(&epoch) != Some(&writer) {
            self.breaks(Broken::EpochOutOfOrder);
        }
        let there = store.entry(fence).is_some_and(|entry| {
            entry.epoch == epoch && entry.kind.begins_epoch() && entry.nonce == Some(writer)
        });
        // Once a successor has the shard, even the fence entry of a writer that still opens may be covered
        // and gone.
        if !there && store.epoch() == epoch {
            self.breaks(Broken::EpochWithoutFence);
        }
    }

    /// An entry was created. `store` is already the new one.
    pub fn landed(&mut self, store: &Store, entry: &EntryHeader) {
        self.highest = self.highest.max(entry.position);
        // Late creates of those who were there before the loss may land anywhere. An opener that puts its
        // fence entry there has seen nothing.
        if entry.kind.begins_epoch() && self.is_lost(entry.position) && entry.position > store.replay_after()
        {
            self.breaks(Broken::LossPassed);
        }
        if entry.kind == EntryKind::Fence && entry.position > store.replay_after() {
            self.fence_ranges.insert(entry.position);
        }
    }

    /// A collector decided to delete an entry. What it may delete now, it may delete for ever.
    pub fn condemned(&mut self, store: &Store, at: Position) {
        let floor = store.cursors.values().filter_map(CursorDocuments::held).min();
        if at > store.replay_after() || floor.is_some_and(|floor| at > floor) {
            self.breaks(Broken::DeletedAboveBound);
        }
        if self.fence_ranges.contains(&at) {
            self.breaks(Broken::GuardingFenceDeleted);
        }
        if at == self.highest {
            self.breaks(Broken::HighestDeleted);
        }
        // P-101. What is lost itself is not there any more.
        let append = store.entry(at).map(Append::of);
        if append.is_some_and(|append| self.acked.contains(&append) && !self.applied.contains_key(&at)) {
            self.breaks(Broken::FencedOffDeleted);
        }
    }

    /// An entry was deleted. `store` is already the new one.
    pub fn deleted(&mut self, store: &Store, at: Position) {
        self.condemned(store, at);
    }

    /// `landed` became the latest manifest after `before`, written by `committer`, which has this `view` of
    /// the log.
    pub fn committed(
        &mut self,
        store: &Store,
        before: Option<&Manifest>,
        landed: &Manifest,
        committer: Nonce,
        view: &[Append],
    ) {
        self.chained(before, landed, committer);
        let from = before.map_or(Position::NONE, |before| before.replay_after);
        self.cover(store, from, landed.replay_after, view);
    }

    /// The part of [`committed`](Self::committed) that concerns manifests only.
    pub fn chained(&mut self, before: Option<&Manifest>, landed: &Manifest, committer: Nonce) {
        let (epoch, from) =
            before.map_or((Epoch::NONE, Position::NONE), |before| (before.writer_epoch, before.replay_after));
        let (next, to) = (landed.writer_epoch, landed.replay_after);
        if next == epoch.next() {
            if self.holders.insert(next, committer).is_some() {
                self.breaks(Broken::EpochOutOfOrder);
            }
        } else if next != epoch {
            self.breaks(Broken::EpochOutOfOrder);
        }
        if to != from && (next != epoch || self.holders.get(&epoch) != Some(&committer)) {
            self.breaks(Broken::ReplayMovedByOther);
        }
        if next == epoch && to == from && self.holders.get(&epoch) != Some(&committer) {
            self.breaks(Broken::EpochOutOfOrder);
        }
        if to < from {
            self.breaks(Broken::ReplayWentBack);
        }
        // What lifts the seal takes the next epoch, and writes nothing under it (P-150).
        let stays_sealed = !landed.status.accepts_claims();
        if before.is_some_and(|before| next != epoch && !before.status.accepts_claims()) && stays_sealed {
            self.breaks(Broken::SealedClaimed);
        }
    }

    /// The bucket was put back to what it was before the latest manifest: an epoch that is gone has no holder.
    pub fn restored(&mut self, store: &Store) {
        self.holders.retain(|epoch, _| *epoch <= store.epoch());
    }

    /// `replay_after` moves from `from` to `to`: what its mover saw in between is applied.
    fn cover(&mut self, store: &Store, from: Position, to: Position, view: &[Append]) {
        if (from.get() + 1..=to.get()).any(|at| store.entry(Position::new(at)).is_none()) {
            self.breaks(Broken::ReplayAboveTail);
        }
        let covered = |append: &&Append| append.at > from && append.at <= to;
        let seen = content(store, from);
        if !view.iter().filter(covered).eq(seen.iter().filter(covered)) {
            self.breaks(Broken::ViewsDiffer);
        }
        for append in view.iter().filter(covered) {
            if self.applied.insert(append.at, append.by).is_some() {
                self.breaks(Broken::AppliedTwice);
            }
        }
    }

    /// The whole log as its history decided it: what was applied, and what a reader from `replay_after` sees.
    #[must_use]
    pub fn log(&self, store: &Store) -> Vec<Append> {
        let mut log: Vec<_> = self.applied.iter().map(|(&at, &by)| Append { at, by }).collect();
        log.extend(content(store, store.replay_after()));
        log
    }

    /// The promises about the log as a whole that do not hold now.
    #[must_use]
    pub fn judge(&self, store: &Store, window: Window) -> BTreeSet<Broken> {
        let mut broken = self.broken.clone();
        let log = self.log(store);
        let mut next = self.first.clone();
        for append in &log {
            match next.get_mut(&append.by) {
                Some(next) if *next == append.at => *next = next.next(),
                // A foreign program's entry is nobody's append.
                None if append.by == Nonce::default() => {}
                _ => {
                    broken.insert(Broken::PrefixTorn);
                }
            }
        }
        let log: BTreeSet<_> = log.into_iter().collect();
        if !self.acked.is_subset(&log) {
            broken.insert(Broken::AckedLost);
        }
        if !self.refused.is_disjoint(&log) {
            broken.insert(Broken::RefusedIsInLog);
        }
        let replay_after = store.replay_after();
        let inside =
            |&&fence: &&Position| fence <= replay_after && replay_after < fence.plus(window.get() - 1);
        if self.fence_ranges.iter().any(|fence| inside(&fence)) {
            broken.insert(Broken::ReplayInsideFenceRange);
        }
        broken
    }

    /// Whether the holder of an epoch, acknowledged up to `through`, sees what readers see.
    #[must_use]
    pub fn view_is_readers_view(&self, store: &Store, through: Position, view: &[Append]) -> bool {
        let from = store.replay_after();
        let seen = content(store, from);
        let mine = view.iter().filter(|append| append.at > from);
        mine.eq(seen.iter().filter(|append| append.at <= through))
    }
}

/// What a reader that starts above `after` sees: data up to the first absent position, without stale entries
/// and without what Lance flushed.
#[must_use]
pub fn content(store: &Store, after: Position) -> Vec<Append> {
    let flushed_below =
        store.latest().map_or_else(Generation::default, |manifest| manifest.current_generation);
    let mut highest = Epoch::NONE;
    let mut content = Vec::new();
    let mut at = after.next();
    while let Some(entry) = store.entry(at) {
        if entry.epoch >= highest && entry.kind.is_data() && !entry.is_flushed(flushed_below) {
            content.push(Append::of(entry));
        }
        highest = highest.max(entry.epoch);
        at = at.next();
    }
    content
}
