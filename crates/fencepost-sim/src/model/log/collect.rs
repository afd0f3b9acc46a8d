//! Driving the production collection in two strides: up to the manifest, and from the listings to the deletions.

use super::NOW;
use crate::ring::collector;
use crate::world::Store;
use fencepost_fence::Window;
use fencepost_format::Position;
use fencepost_gc::{CollectParams, CollectReply, CollectRequest, Collection, Mode, Object, Policy};

/// A collection that has read the manifest, with the listing of entries that it wants next; `None` if there is no log.
pub(super) fn look(store: &Store, window: u64) -> Option<Collection> {
    let params = CollectParams { patience: u64::MAX / 2, ..CollectParams::default() };
    let policy = Policy::new().with_window_for_models(Window::for_models(window));
    let mut collection = Collection::new(params, NOW, policy, Mode::Delete);
    while let Some(CollectRequest::Manifest(request)) = collection.poll_request() {
        let reply = store.read(&request)?;
        collection.handle(NOW, CollectReply::Manifest(reply));
        drop_events(&mut collection);
        if collection.facts().is_some() {
            return Some(collection);
        }
    }
    None
}

/// Does the rest up to the first deletion, and tells what is to be deleted.
pub(super) fn plan(mut collection: Collection, store: &mut Store) -> Vec<Position> {
    while let Some(request) = collection.poll_request() {
        if let CollectRequest::Delete { objects, .. } = request {
            let entry = |object| if let Object::Entry(at) = object { Some(at) } else { None };
            return objects.into_iter().filter_map(entry).collect();
        }
        let reply = collector::answer(store, &request).expect("anything but a deletion is answered");
        collection.handle(NOW, reply);
        drop_events(&mut collection);
    }
    Vec::new()
}

fn drop_events(collection: &mut Collection) {
    while collection.poll_event().is_some() {}
}
