//! Driving the production collection in two strides: up to the manifest, and from the listings to the deletions.

use super::NOW;
use crate::ring::collector;
use crate::world::Store;
use fencepost_fence::{Machine, Window};
use fencepost_format::Position;
use fencepost_gc::{
    CollectEvent, CollectParams, CollectReply, CollectRequest, Collection, Mode, Object, Policy,
};

/// A collection that has read the manifest, with the listing of entries that it wants next; `None` if there
/// is no log.
pub(super) fn look(store: &Store, window: u64) -> Option<Collection> {
    let params = CollectParams { retry_timeout: u64::MAX / 2, ..CollectParams::default() };
    let policy = Policy::new().with_window_for_models(Window::for_models(window));
    let mut collection = Collection::new(params, NOW, policy, Mode::Delete);
    while let Some(CollectRequest::Manifest(request)) = collection.poll_request() {
        let reply = store.read(&request)?;
        collection.handle(NOW, CollectReply::Manifest(reply));
        says_damaged(&mut collection);
        if collection.facts().is_some() {
            return Some(collection);
        }
    }
    None
}

/// What a collection concluded.
#[derive(Default)]
pub(super) struct Conclusion {
    pub(super) deletions: Vec<Position>,
    /// It says that something was fenced off by a loss.
    pub(super) damaged: bool,
    /// What it deletes and has not read.
    pub(super) unread: Vec<Position>,
}

/// Does the rest up to the first deletion.
pub(super) fn plan(mut collection: Collection, store: &mut Store) -> Conclusion {
    let mut damaged = false;
    while let Some(request) = collection.poll_request() {
        if let CollectRequest::Delete { objects, .. } = request {
            let entry = |object| if let Object::Entry(at) = object { Some(at) } else { None };
            let deletions: Vec<_> = objects.into_iter().filter_map(entry).collect();
            let known = &collection.inventory().known;
            let unread = deletions.iter().copied().filter(|at| !known.contains_key(at)).collect();
            return Conclusion { deletions, damaged, unread };
        }
        let reply = collector::answer(store, &request).expect("anything but a deletion is answered");
        collection.handle(NOW, reply);
        damaged |= says_damaged(&mut collection);
    }
    Conclusion { damaged, ..Conclusion::default() }
}

fn says_damaged(collection: &mut Collection) -> bool {
    let mut damaged = false;
    // All of them, since what was not taken would be part of the state.
    while let Some(event) = collection.poll_event() {
        damaged |= matches!(event, CollectEvent::Planned(plan) if !plan.fenced_off.is_empty());
    }
    damaged
}
