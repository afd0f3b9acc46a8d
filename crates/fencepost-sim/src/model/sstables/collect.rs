//! The production collection against the manifests and folders of the model.

use super::shard::{Shard, Version as Body};
use crate::model::folders;
use fencepost_fence::{ReadReply, Reply, Request};
use fencepost_format::{Epoch, Generation, Manifest, ShardId, SsTable, SsTableName, Version};
use fencepost_gc::{
    CollectReply, CollectRequest, Collection, Inventory, Part, Policy, SsTableFolder, StoreTime,
};
use std::collections::BTreeSet;
use std::time::Duration;

/// A collection that has read the latest manifest.
pub(super) fn look(shard: &Shard<'_>, clock_free: bool) -> Collection {
    // Whatever is known of openers has models of its own.
    let policy = Policy::new().with_lance_flush_age(Duration::ZERO).with_clock_free(clock_free);
    folders::look(policy, |request| answer(shard, request))
}

/// Does the rest, and tells which folders are to be deleted.
pub(super) fn plan(collection: Collection, shard: &Shard<'_>) -> BTreeSet<u8> {
    folders::plan(collection, |request| answer(shard, request))
}

fn answer(shard: &Shard<'_>, request: &CollectRequest) -> CollectReply {
    match request {
        CollectRequest::Manifest(Request::ListManifests { .. }) => {
            let latest =
                shard.manifests.last_key_value().map_or(Version::NONE, |(version, _)| Version::new(*version));
            CollectReply::Manifest(Reply::Listed(ReadReply::Found(latest)))
        }
        CollectRequest::Manifest(Request::ReadManifest { version, .. }) => {
            let body = shard.manifests.get(&version.get());
            let read = body.map_or(ReadReply::Absent, |body| ReadReply::Found(manifest(*version, body)));
            CollectReply::Manifest(Reply::Manifest(*version, read))
        }
        CollectRequest::List { part, .. } => {
            let mut inventory = Inventory::default();
            match part {
                Part::Manifests => {
                    let versions =
                        shard.manifests.keys().map(|version| (Version::new(*version), StoreTime(0)));
                    inventory.manifests.extend(versions);
                }
                Part::SsTables => {
                    let names =
                        shard.folders.iter().map(|(folder, generation)| (name(*folder, *generation), None));
                    inventory.sstables.extend(names);
                }
                Part::Entries | Part::Documents => {}
            }
            CollectReply::Listed(*part, ReadReply::Found(inventory))
        }
        CollectRequest::ListSsTable { name, .. } => {
            let folder = SsTableFolder { objects: 1, bytes: 1, modified: StoreTime(0) };
            CollectReply::SsTable(*name, ReadReply::Found(folder))
        }
        other => unreachable!(
            "a collection that only plans, of a shard without entries, does not ask for {other:?}"
        ),
    }
}

fn manifest(version: Version, body: &Body) -> Manifest {
    let sstable = |(folder, generation): &(u8, u64)| SsTable {
        generation: Generation(*generation),
        path: name(*folder, *generation).to_string(),
        ..SsTable::default()
    };
    Manifest {
        version,
        writer_epoch: Epoch::new(body.epoch),
        current_generation: Generation(body.next),
        sstables: body.sstables.iter().map(sstable).collect(),
        ..Manifest::initial(ShardId::default())
    }
}

fn name(folder: u8, generation: u64) -> SsTableName {
    SsTableName { generation: Generation(generation), hash: folder.into() }
}
