//! The production collection, asked which folders of SSTables it would delete.

use fencepost_fence::{Machine, Tick};
use fencepost_gc::{
    CollectEvent, CollectParams, CollectReply, CollectRequest, Collection, Mode, Object, Policy,
};
use std::collections::BTreeSet;

/// A collection that has read the latest manifest; `answer` is what the store says.
pub(super) fn look(policy: Policy, answer: impl Fn(&CollectRequest) -> CollectReply) -> Collection {
    let params = CollectParams { retry_timeout: u64::MAX / 2, ..CollectParams::default() };
    let mut collection = Collection::new(params, NOW, policy, Mode::PlanOnly);
    while collection.facts().is_none() {
        let request = collection.poll_request().expect("a shard here has a manifest");
        collection.handle(NOW, answer(&request));
    }
    collection
}

/// Does the rest, and tells which folders are to be deleted, by the numbers that their names have here.
pub(super) fn plan(
    mut collection: Collection,
    answer: impl Fn(&CollectRequest) -> CollectReply,
) -> BTreeSet<u8> {
    while let Some(request) = collection.poll_request() {
        collection.handle(NOW, answer(&request));
    }
    let events = std::iter::from_fn(|| collection.poll_event());
    let planned = events.filter_map(|event| match event {
        CollectEvent::Planned(plan) => Some(plan),
        _ => None,
    });
    let plan = planned.last().expect("a collection plans before it ends");
    let folder = |object| match object {
        Object::SsTable(name) => Some(u8::try_from(name.hash).expect("folders have small numbers here")),
        _ => None,
    };
    plan.deletions().filter_map(folder).collect()
}

const NOW: Tick = Tick(0);
