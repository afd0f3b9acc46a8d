//! The production collection against the world of the model.

use super::world::{World, name};
use crate::model::folders;
use fencepost_fence::{ReadReply, Reply, Request};
use fencepost_format::{ReclaimName, ReclaimPart, Version};
use fencepost_gc::{
    CollectReply, CollectRequest, Collection, Inventory, Part, Policy, SsTableFolder, StoreTime,
};
use std::collections::BTreeSet;

/// A collection that has read the latest manifest.
pub(super) fn look(world: &World, drained: bool) -> Collection {
    let policy = Policy::new().with_clock_free(true).with_drained(drained);
    folders::look(policy, |request| answer(world, request))
}

/// Does the rest, and tells which folders are to be deleted.
pub(super) fn plan(collection: Collection, world: &World) -> BTreeSet<u8> {
    folders::plan(collection, |request| answer(world, request))
}

fn answer(world: &World, request: &CollectRequest) -> CollectReply {
    match request {
        CollectRequest::Manifest(Request::ListManifests { .. }) => {
            let latest = world.manifests.keys().last().copied().map_or(Version::NONE, Version::new);
            CollectReply::Manifest(Reply::Listed(ReadReply::Found(latest)))
        }
        CollectRequest::Manifest(Request::ReadManifest { version, .. }) => {
            let there = world.manifests.get(&version.get());
            let read = there.map_or(ReadReply::Absent, |manifest| ReadReply::Found((**manifest).clone()));
            CollectReply::Manifest(Reply::Manifest(*version, read))
        }
        CollectRequest::List { part, .. } => {
            let mut inventory = Inventory::default();
            match part {
                Part::Manifests => {
                    let versions =
                        world.manifests.keys().map(|version| (Version::new(*version), StoreTime(0)));
                    inventory.manifests.extend(versions);
                }
                Part::SsTables => {
                    let folders = world.folders.iter();
                    inventory
                        .sstables
                        .extend(folders.map(|(folder, generation)| (name(*folder, *generation), None)));
                }
                Part::Documents => {
                    let name = |number: &u64, part| ReclaimName { number: *number, part };
                    let plans = world.plans.keys().map(|number| name(number, ReclaimPart::Plan));
                    let ends = world.ends.keys().map(|number| name(number, ReclaimPart::End));
                    plans.chain(ends).for_each(|name| inventory.note_reclaim(name, StoreTime(0)));
                }
                Part::Entries => {}
            }
            CollectReply::Listed(*part, ReadReply::Found(inventory))
        }
        CollectRequest::ListSsTable { name, .. } => {
            let folder = SsTableFolder { objects: 1, bytes: 1, modified: StoreTime(0) };
            CollectReply::SsTable(*name, ReadReply::Found(folder))
        }
        CollectRequest::ReadReclaim { number, .. } => {
            let end = world.ends.get(number);
            CollectReply::Reclaim(
                *number,
                end.map_or(ReadReply::Absent, |end| ReadReply::Found((**end).clone())),
            )
        }
        other => unreachable!(
            "a collection that only plans, of a shard without entries, does not ask for {other:?}"
        ),
    }
}
