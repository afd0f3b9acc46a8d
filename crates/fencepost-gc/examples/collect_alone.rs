//! A collection without the facade: the machine of one pass over a `BTreeMap` that stands for the store.
//!
//! Everything that is decided about a deletion is in [`Collection`]; what is left to its driver is this loop.
//! An engine with a log of its own would perform the same requests against its own storage.
//!
//! ```sh
//! cargo run -p fencepost-gc --example collect_alone
//! ```

use fencepost_fence::{CreateReply, Machine, Output, ReadReply, Reply, Request, Tick};
use fencepost_format::{EntryHeader, EntryKind, Epoch, Manifest, Nonce, Position, ShardId, Version};
use fencepost_gc::{
    CollectEvent, CollectParams, CollectReply, CollectRequest, Collection, Inventory, Listed, Mode, Object,
    Part, Policy, StoreTime, Verdict,
};
use std::collections::{BTreeMap, BTreeSet};

fn main() {
    let mut store = Store::with_a_log();
    for mode in [Mode::PlanOnly, Mode::Delete] {
        println!("{mode:?}:");
        collect(&mut store, mode);
    }
    let left: Vec<_> = store.entries.keys().map(ToString::to_string).collect();
    println!(
        "entries left at {} (the fence entry at 2 is what a stalled writer of epoch 1 has to meet)",
        left.join(", ")
    );
}

/// Drives one pass to its end.
fn collect(store: &mut Store, mode: Mode) {
    let mut collection = Collection::new(CollectParams::default(), Tick(0), Policy::new(), mode);
    loop {
        match collection.poll_output() {
            Output::Request(request) => collection.handle(Tick(0), store.perform(request)),
            Output::Wait(_) => unreachable!("every request is answered at once"),
            Output::Event(CollectEvent::Progress(progress)) => println!("  {progress:?}"),
            Output::Event(CollectEvent::Planned(plan)) => {
                for (object, verdict) in plan.objects() {
                    match verdict {
                        Verdict::Delete => println!("  {object}: may go."),
                        Verdict::Keep(reason) => println!("  {object}: stays. {reason}"),
                    }
                }
            }
            Output::Event(CollectEvent::Done(report)) => {
                return println!("  {} entries deleted", report.deleted.entries);
            }
            Output::Event(CollectEvent::NoLog) => return println!("  no log here"),
            Output::Event(CollectEvent::GaveUp(why)) => return println!("  gave up: {why:?}"),
        }
    }
}

/// The objects of one shard that a collection looks at.
struct Store {
    manifest: Manifest,
    entries: BTreeMap<Position, EntryHeader>,
    boundaries: BTreeMap<Position, BTreeSet<Position>>,
}

impl Store {
    /// Three writers, of which the first did not close: hence the fence entry at 2, and fillers above it (the
    /// protocol has 63 of them).
    fn with_a_log() -> Self {
        use EntryKind::{CleanFence, Close, Fence, Filler};
        let log =
            [(1, CleanFence), (2, Fence), (2, Filler), (2, Filler), (2, Close), (3, CleanFence), (3, Close)];
        let entries = (1..).zip(log).map(|(at, (epoch, kind))| {
            let (position, nonce) = (Position::new(at), Some(Nonce(epoch.into())));
            (position, EntryHeader { position, epoch: Epoch::new(epoch), kind, nonce, generation: None })
        });
        let manifest = Manifest {
            version: Version::FIRST,
            writer_epoch: Epoch::new(3),
            replay_after: Position::new(6),
            last_seen: Position::new(7),
            nonce: Some(Nonce(1)),
            ..Manifest::initial(ShardId::from_bytes([7; 16]))
        };
        Self { manifest, entries: entries.collect(), boundaries: BTreeMap::new() }
    }

    fn perform(&mut self, request: CollectRequest) -> CollectReply {
        match request {
            CollectRequest::Manifest(Request::ReadManifest { version, .. }) => {
                let read = (version == self.manifest.version).then(|| self.manifest.clone());
                CollectReply::Manifest(Reply::Manifest(version, found(read)))
            }
            CollectRequest::Manifest(_) => {
                CollectReply::Manifest(Reply::Listed(ReadReply::Found(self.manifest.version)))
            }
            CollectRequest::List { part, .. } => {
                CollectReply::Listed(part, ReadReply::Found(self.list(part)))
            }
            CollectRequest::ReadBoundary { at, .. } => {
                CollectReply::Boundary(at, found(self.boundaries.get(&at).cloned()))
            }
            CollectRequest::ReadOpening { epoch, .. } => CollectReply::Opening(epoch, ReadReply::Absent),
            CollectRequest::ReadHeader { at, .. } => {
                CollectReply::Header(at, found(self.entries.get(&at).copied()))
            }
            CollectRequest::ListSsTable { name, .. } => CollectReply::SsTable(name, ReadReply::Absent),
            CollectRequest::ReadReclaim { number, .. } => CollectReply::Reclaim(number, ReadReply::Absent),
            CollectRequest::BreakCursor { .. } | CollectRequest::FindBreak { .. } => {
                unreachable!("no cursor here has a leash")
            }
            CollectRequest::PublishBoundary { at, guarding_fences, .. } => {
                self.boundaries.insert(at, guarding_fences.into_iter().collect());
                CollectReply::Published(at, CreateReply::Done)
            }
            CollectRequest::Stamp { .. } => CollectReply::Stamped(ReadReply::Found(StoreTime(0))),
            CollectRequest::Delete { batch, objects } => {
                for object in objects {
                    match object {
                        Object::Entry(at) => drop(self.entries.remove(&at)),
                        Object::Boundary(at) => drop(self.boundaries.remove(&at)),
                        // There are no others here.
                        _ => {}
                    }
                }
                CollectReply::Deleted { batch, failed: Vec::new() }
            }
        }
    }

    fn list(&self, part: Part) -> Inventory {
        let mut inventory = Inventory::default();
        match part {
            Part::Entries => {
                inventory.entries = self.entries.keys().map(|at| (*at, Listed::default())).collect();
            }
            Part::Manifests => drop(inventory.manifests.insert(self.manifest.version, StoreTime(0))),
            Part::Documents => {
                inventory.boundaries = self.boundaries.keys().map(|at| (*at, StoreTime(0))).collect();
            }
            Part::SsTables => {}
        }
        inventory
    }
}

fn found<T>(found: Option<T>) -> ReadReply<T> {
    found.map_or(ReadReply::Absent, ReadReply::Found)
}
