//! What a collection asks of the store, answered from the model store.

use crate::world::Store;
use fencepost_fence::{CreateReply, ReadReply};
use fencepost_format::{CursorName, Position, Version};
use fencepost_gc::{CollectReply, CollectRequest, Inventory, Listed, Object, Part, StoreTime};
use std::collections::BTreeSet;

/// Answers a read or a publication. `None` for deletions, which the caller carries out one by one.
pub fn answer(store: &mut Store, request: &CollectRequest) -> Option<CollectReply> {
    Some(match request {
        CollectRequest::Manifest(request) => CollectReply::Manifest(store.read(request)?),
        CollectRequest::List { part, .. } => {
            CollectReply::Listed(*part, ReadReply::Found(list(store, *part, None)))
        }
        CollectRequest::ReadBoundary { at, .. } => {
            CollectReply::Boundary(*at, found(store.boundaries.get(at).cloned()))
        }
        CollectRequest::ReadOpening { epoch, .. } => {
            CollectReply::Opening(*epoch, found(store.openings.get(epoch).cloned()))
        }
        CollectRequest::ReadHeader { at, .. } => CollectReply::Header(*at, found(store.entry(*at).copied())),
        CollectRequest::BreakCursor { name, nonce, .. } => {
            let reply = store.break_cursor(number_of(name), *nonce);
            CollectReply::CursorBroken(name.clone(), *nonce, reply)
        }
        CollectRequest::FindBreak { name, nonce, .. } => {
            let there = store.is_broken(number_of(name), *nonce);
            CollectReply::BreakFound(name.clone(), *nonce, found(there.then_some(())))
        }
        CollectRequest::PublishBoundary { at, guarding_fences, .. } => {
            let guarding_fences: BTreeSet<Position> = guarding_fences.iter().copied().collect();
            CollectReply::Published(*at, store.publish_boundary(*at, guarding_fences))
        }
        CollectRequest::ListSsTable { name, .. } => CollectReply::SsTable(*name, ReadReply::Absent),
        CollectRequest::ReadReclaim { number, .. } => CollectReply::Reclaim(*number, ReadReply::Absent),
        CollectRequest::Stamp { .. } => CollectReply::Stamped(ReadReply::Found(StoreTime(0))),
        CollectRequest::Delete { .. } => return None,
    })
}

/// The same request, answered with "unknown".
#[must_use]
pub fn unknown(request: &CollectRequest) -> CollectReply {
    match request {
        CollectRequest::Manifest(request) => CollectReply::Manifest(request.unanswered()),
        CollectRequest::List { part, .. } => CollectReply::Listed(*part, ReadReply::Unknown),
        CollectRequest::ReadBoundary { at, .. } => CollectReply::Boundary(*at, ReadReply::Unknown),
        CollectRequest::ReadOpening { epoch, .. } => CollectReply::Opening(*epoch, ReadReply::Unknown),
        CollectRequest::ReadHeader { at, .. } => CollectReply::Header(*at, ReadReply::Unknown),
        CollectRequest::ListSsTable { name, .. } => CollectReply::SsTable(*name, ReadReply::Unknown),
        CollectRequest::ReadReclaim { number, .. } => CollectReply::Reclaim(*number, ReadReply::Unknown),
        CollectRequest::BreakCursor { name, nonce, .. } => {
            CollectReply::CursorBroken(name.clone(), *nonce, CreateReply::Unknown)
        }
        CollectRequest::FindBreak { name, nonce, .. } => {
            CollectReply::BreakFound(name.clone(), *nonce, ReadReply::Unknown)
        }
        CollectRequest::PublishBoundary { at, .. } => CollectReply::Published(*at, CreateReply::Unknown),
        CollectRequest::Stamp { .. } => CollectReply::Stamped(ReadReply::Unknown),
        CollectRequest::Delete { batch, objects } => {
            let why = |object: &Object| (object.clone(), "no answer".to_owned());
            CollectReply::Deleted { batch: *batch, failed: objects.iter().map(why).collect() }
        }
    }
}

/// The inventory of a folder, or of one of the two pages of it: names are bit-reversed, so even numbers come
/// first.
#[must_use]
pub fn list(store: &Store, part: Part, page: Option<u64>) -> Inventory {
    let shown = |number: u64| page.is_none_or(|page| number % 2 == page);
    let mut inventory = Inventory::default();
    match part {
        Part::Entries => {
            let there = store.entries().map(|entry| entry.position).filter(|at| shown(at.get()));
            inventory.entries = there.map(|at| (at, Listed::default())).collect();
        }
        Part::Manifests => {
            let there = store.manifests().map(|manifest| manifest.version);
            let there = there.filter(|version: &Version| shown(version.get()));
            inventory.manifests = there.map(|version| (version, StoreTime(0))).collect();
        }
        Part::Documents => {
            inventory.boundaries = store.boundaries.keys().map(|&at| (at, StoreTime(0))).collect();
            inventory.openings = store.openings.keys().copied().collect();
            note_cursors(store, &mut inventory);
        }
        // Nobody flushes here; flushes have a model of their own.
        Part::SsTables => {}
    }
    inventory
}

fn note_cursors(store: &Store, inventory: &mut Inventory) {
    for (consumer, documents) in &store.cursors {
        let name = CursorName::parse(&format!("c{consumer}")).expect("a letter and a number are a name");
        documents.iter().for_each(|document| inventory.note_cursor(name.clone(), *document));
    }
}

/// The number that a cursor's name was made of.
fn number_of(name: &CursorName) -> u8 {
    name.as_str().trim_start_matches('c').parse().expect("the names here are a letter and a number")
}

fn found<T>(there: Option<T>) -> ReadReply<T> {
    there.map_or(ReadReply::Absent, ReadReply::Found)
}
