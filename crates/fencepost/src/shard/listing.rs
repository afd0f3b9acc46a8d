//! From the paths in a shard's folders to an inventory.

use super::name_in;
use fencepost_format::{
    ReceiptName, ReclaimName, ShardPaths, SsTableName, parse_boundary_name, parse_entry_name,
    parse_forgotten_name, parse_lease_name, parse_manifest_name, parse_opening_name,
};
use fencepost_gc::{Inventory, Listed, Part, SsTableFolder, StoreTime};
use fencepost_store::{Listed as ListedObject, LogStore, StoreError};
use futures::TryStreamExt;
use std::time::{SystemTime, UNIX_EPOCH};

/// Lists one folder of the shard. What is not needed of an object is forgotten as its page comes in.
pub(super) async fn list(store: &LogStore, paths: &ShardPaths, part: Part) -> Result<Inventory, StoreError> {
    if part == Part::SsTables {
        return list_sstables(store, paths).await;
    }
    let folder = match part {
        Part::Entries => paths.wal_dir(),
        Part::Manifests => paths.manifest_dir(),
        Part::Documents => format!("{}/fencepost", paths.root()),
        Part::SsTables => unreachable!("answered above"),
    };
    let note = |inventory: &mut Inventory, object: ListedObject| match part {
        Part::Entries => note_entry(inventory, &folder, &object),
        Part::Manifests => note_manifest(inventory, paths, &object),
        Part::Documents => note_document(inventory, paths, &object),
        Part::SsTables => unreachable!("answered above"),
    };
    store.list_into(&folder, note).await
}

/// The folders in the shard's own: one LIST, whatever is in them.
async fn list_sstables(store: &LogStore, paths: &ShardPaths) -> Result<Inventory, StoreError> {
    let mut inventory = Inventory::default();
    let known = [paths.wal_dir(), paths.manifest_dir(), format!("{}/fencepost", paths.root())];
    for folder in store.list_dirs(paths.root()).await? {
        match folder.filename().and_then(SsTableName::parse) {
            Some(name) => drop(inventory.sstables.insert(name, None)),
            None if known.iter().any(|known| known == folder.as_ref()) => {}
            None => drop(inventory.not_understood.insert(folder.as_ref().to_owned())),
        }
    }
    Ok(inventory)
}

/// How much is in one folder, counted while it is listed; `None` for nothing. Remembers no names, however
/// many there are.
pub(super) async fn measure(
    store: &LogStore,
    paths: &ShardPaths,
    name: SsTableName,
) -> Result<Option<SsTableFolder>, StoreError> {
    let mut folder = SsTableFolder::default();
    let mut objects = store.list(paths.sstable_dir(name));
    while let Some(object) = objects.try_next().await? {
        folder.objects += 1;
        folder.bytes = folder.bytes.saturating_add(object.size);
        folder.modified = folder.modified.max(store_time(object.last_modified));
    }
    Ok((folder.objects > 0).then_some(folder))
}

fn note_entry(inventory: &mut Inventory, folder: &str, object: &ListedObject) {
    let modified = store_time(object.last_modified);
    match name_in(folder, object).and_then(parse_entry_name) {
        Some(at) => drop(inventory.entries.insert(at, Listed { bytes: object.size, modified })),
        None => not_understood(inventory, object),
    }
}

fn note_manifest(inventory: &mut Inventory, paths: &ShardPaths, object: &ListedObject) {
    let modified = store_time(object.last_modified);
    match name_in(&paths.manifest_dir(), object).and_then(parse_manifest_name) {
        Some(version) => drop(inventory.manifests.insert(version, modified)),
        None if object.path.as_ref() == paths.version_hint() => note_time(inventory, modified),
        None => not_understood(inventory, object),
    }
}

fn note_document(inventory: &mut Inventory, paths: &ShardPaths, object: &ListedObject) {
    let modified = store_time(object.last_modified);
    let path = object.path.as_ref();
    if let Some((name, document)) = paths.parse_cursor(path) {
        inventory.note_cursor_at(name, document, modified);
    } else if path == paths.stamp() {
        note_time(inventory, modified);
    } else if let Some(at) = name_in(&paths.gc_dir(), object).and_then(parse_boundary_name) {
        inventory.boundaries.insert(at, modified);
    } else if let Some(epoch) = name_in(&paths.gc_dir(), object).and_then(parse_forgotten_name) {
        note_time(inventory, modified);
        inventory.forgotten.insert(epoch);
    } else if let Some(name) = name_in(&paths.gc_dir(), object).and_then(ReclaimName::parse) {
        inventory.note_reclaim(name, modified);
    } else if let Some(epoch) = name_in(&paths.lease_dir(), object).and_then(parse_lease_name) {
        inventory.leases.insert(epoch, modified);
    } else if let Some(epoch) = name_in(&paths.openings_dir(), object).and_then(parse_opening_name) {
        note_time(inventory, modified);
        inventory.openings.insert(epoch);
    } else if let Some(name) = name_in(&paths.receipts_dir(), object).and_then(ReceiptName::parse) {
        note_time(inventory, modified);
        inventory.receipts.insert(name);
    } else if name_in(&paths.cursors_dir(), object).is_some() {
        note_time(inventory, modified);
        inventory.cursors_not_understood.insert(path.to_owned());
    } else {
        not_understood(inventory, object);
    }
}

fn not_understood(inventory: &mut Inventory, object: &ListedObject) {
    note_time(inventory, store_time(object.last_modified));
    inventory.not_understood.insert(object.path.as_ref().to_owned());
}

fn note_time(inventory: &mut Inventory, modified: StoreTime) {
    inventory.newest_other = inventory.newest_other.max(modified);
}

pub(super) fn store_time(time: SystemTime) -> StoreTime {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    StoreTime(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use fencepost_format::{CursorDocument, CursorName, Epoch, Nonce, Position, ShardId};
    use fencepost_store::StoreOptions;

    /// Every object that is listed tells a time at which the store was, whatever else is known of it.
    // F-26.
    #[tokio::test]
    async fn each_object_tells_how_late_it_is() {
        let store = LogStore::open("memory://listing-times", StoreOptions::new()).unwrap();
        let paths = ShardPaths::new("table", ShardId::from_bytes([7; 16]));
        let cursor = CursorDocument::Cursor(Nonce(5), Position::new(1).into());
        let documents = [
            paths.cursor(&CursorName::parse("reader").unwrap(), &cursor),
            format!("{}/reader/v2-4", paths.cursors_dir()),
            paths.stamp(),
            paths.forgotten(Epoch::new(1)),
            paths.opening_record(Epoch::new(1)),
            format!("{}/fencepost/strange", paths.root()),
        ];
        let manifests = [paths.version_hint(), format!("{}/strange", paths.manifest_dir())];
        let documents = documents.into_iter().map(|path| (Part::Documents, path));
        for (part, path) in documents.chain(manifests.into_iter().map(|path| (Part::Manifests, path))) {
            store.create(&path, "?".into()).await.unwrap();
            assert!(list(&store, &paths, part).await.unwrap().newest_other > StoreTime(0), "{path}");
            assert!(store.delete([path]).await[0].result.is_ok());
        }
    }
}
