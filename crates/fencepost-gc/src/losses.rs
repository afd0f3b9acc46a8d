//! Looking for lost entries above `replay_after`, where a listing shows gaps there.
// P-90, P-100.

use crate::collection::Reads;
use crate::{CollectParams, CollectReply, CollectRequest, Inventory, ManifestFacts, Part, Policy};
use fencepost_fence::{Attempt, FindLatest, Gap, GaveUp, ReadReply, Tick, Window, losses};
use fencepost_format::{EntryHeader, Position};
use std::collections::{BTreeMap, BTreeSet};

/// A search for lost entries in the gaps above `replay_after` that a collection's listing showed. It changes
/// nothing, and no deletion depends on it.
///
/// Drive it like a [`Collection`](crate::Collection), with the same requests, until [`handle`](Self::handle)
/// returns an outcome.
///
/// It keeps the order of [P-92](https://docs.rs/fencepost/latest/fencepost/book/protocol/index.html#p-92): it
/// reads the entries above the gaps, lists the entries once more, and then searches for the latest manifest.
/// Otherwise a writer that fills a gap meanwhile, or a checkpoint and another collection, would look like a
/// loss.
///
/// # Costs
/// Nothing if no gap was listed. Otherwise one GET for each entry within a window (64) above a gap, one LIST
/// of the entries, and a search for the manifest (two LISTs, two GETs). Writers with appends in flight make
/// such gaps all the time, with less than a window above them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct LossSearch {
    params: CollectParams,
    window: Window,
    entries: BTreeMap<Position, Option<EntryHeader>>,
    bytes: BTreeMap<Position, u64>,
    step: Step,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Step {
    Proofs(Reads<Position>),
    List(Attempt),
    Find(FindLatest),
    Ended,
}

/// The lost entries, upward, each with the entry that proves it; or why that is not known.
pub type LossesFound = Result<Vec<Gap>, GaveUp>;

impl LossSearch {
    /// Starts from what an ended collection had listed and read; `None` if there was no gap above `replay_after`.
    #[must_use]
    pub fn new(
        params: CollectParams,
        now: Tick,
        inventory: &Inventory,
        facts: &ManifestFacts,
        policy: &Policy,
    ) -> Option<Self> {
        let window = policy.window();
        let live = || inventory.entries.range(facts.replay_after.next()..).map(|(at, _)| at);
        let mut wanted = BTreeSet::new();
        let (mut next, mut within, mut gaps) = (facts.replay_after.next(), Position::NONE, false);
        for at in live() {
            if at > next {
                (within, gaps) = (at.prev().plus(window.get()), true);
            }
            if at <= within {
                wanted.insert(at);
            }
            next = at.next();
        }
        if !gaps {
            return None;
        }
        let known = |at| inventory.known.get(&at).and_then(|known| known.header()).copied();
        let entries: BTreeMap<_, _> = live().map(|at| (at, known(at))).collect();
        wanted.retain(|at| entries[at].is_none());
        let size = |at| inventory.entries.get(at).map_or(0, |entry| entry.bytes);
        let bytes = wanted.iter().map(|at| (*at, size(*at))).collect();
        let mut search = Self { params, window, entries, bytes, step: Step::Ended };
        search.step = Step::Proofs(Reads::new(now, wanted, params.reads_in_flight));
        search.go_on(now);
        Some(search)
    }

    /// The next request, if one is due.
    pub fn poll_request(&mut self) -> Option<CollectRequest> {
        match &mut self.step {
            Step::Proofs(reads) => {
                let (at, attempt) = reads.poll()?;
                Some(CollectRequest::ReadHeader { at, bytes: self.bytes[&at], attempt })
            }
            Step::List(ask) => ask.ask().map(|attempt| CollectRequest::List { part: Part::Entries, attempt }),
            Step::Find(find) => find.poll_request().map(CollectRequest::Manifest),
            Step::Ended => None,
        }
    }

    /// Takes an answer. Returns `Some` once it is known what is lost, or that this cannot be known. Answers
    /// without a question are ignored.
    pub fn handle(&mut self, now: Tick, reply: CollectReply) -> Option<LossesFound> {
        match (&mut self.step, reply) {
            (Step::Proofs(reads), CollectReply::Header(at, read)) if reads.is_asked(&at) => match read {
                ReadReply::Unknown if !reads.again(now, &at, self.params.retry_timeout).is_empty() => {
                    return Some(self.end(Err(GaveUp::Unread)));
                }
                ReadReply::Unknown => {}
                ReadReply::Found(header) => {
                    reads.settle(now, &at);
                    self.entries.insert(at, Some(header));
                }
                // Something stands there, and says nothing about what is below. If it was collected
                // meanwhile, `replay_after` has passed it.
                ReadReply::Damaged | ReadReply::Absent => reads.settle(now, &at),
            },
            (Step::List(ask), CollectReply::Listed(Part::Entries, read)) if ask.is_out() => match read {
                ReadReply::Found(listed) => {
                    for at in listed.entries.positions() {
                        self.entries.entry(at).or_insert(None);
                    }
                    self.step = Step::Find(FindLatest::new(now.plus(self.params.retry_timeout)));
                }
                _ if ask.is_late(now) => return Some(self.end(Err(GaveUp::Unread))),
                _ => ask.again(),
            },
            (Step::Find(find), CollectReply::Manifest(reply)) => {
                let found = find.handle(now, &reply)?;
                let latest = found.and_then(|latest| latest.ok_or(GaveUp::Unread));
                let lost = latest.map(|latest| {
                    let gaps = losses(&self.entries, latest.replay_after, self.window).gaps;
                    gaps.into_iter().filter(|gap| gap.proof.is_some()).collect()
                });
                return Some(self.end(lost));
            }
            _ => {}
        }
        self.go_on(now);
        None
    }

    fn go_on(&mut self, now: Tick) {
        if matches!(&self.step, Step::Proofs(reads) if reads.is_done()) {
            self.step = Step::List(Attempt::until(now.plus(self.params.retry_timeout)));
        }
    }

    fn end(&mut self, found: LossesFound) -> LossesFound {
        self.step = Step::Ended;
        found
    }
}

#[cfg(test)]
mod tests;
