//! Performing one request of a collection.

use super::error::Fault;
use super::header::read_header;
use super::listing::{highest_version, list, measure, store_time};
use super::options::CollectOptions;
use super::sstables::delete_sstable;
use crate::{CollectReply, CollectRequest, Object, StoreTime};
use fencepost_fence::{CreateReply, ReadReply, Reply, Request};
use fencepost_format::{
    Boundary, DOCUMENT_BYTES_MAX, FormatError, MANIFEST_BYTES_MAX, Manifest, Position, ShardPaths,
    ShardStatus, Version,
};
use fencepost_store::{
    LogStore, Object as StoredObject, ReadOutcome, Refusal, Retry, StoreError, pause_before,
};
use std::collections::BTreeSet;
use std::time::Duration;

/// Performs `request` and answers it, with what went wrong, if anything.
pub(super) async fn perform(
    store: &LogStore,
    paths: &ShardPaths,
    request: CollectRequest,
    options: &CollectOptions,
) -> (CollectReply, Option<Fault>) {
    pause(&request, options).await;
    // The core repeats these itself, up to its deadline. Deletions are the exception: the store repeats what failed of a batch.
    let once = &store.with_retry_budget(Duration::ZERO);
    match request {
        CollectRequest::Manifest(Request::ListManifests { .. }) => {
            let (read, fault) = listed(highest_version(once, paths).await);
            (CollectReply::Manifest(Reply::Listed(read)), fault)
        }
        CollectRequest::Manifest(Request::ReadManifest { version, .. }) => {
            let (read, fault) = read_manifest(once, paths, version).await;
            (CollectReply::Manifest(Reply::Manifest(version, read)), fault)
        }
        CollectRequest::Manifest(
            Request::CreateManifest { .. }
            | Request::ReadEntry { .. }
            | Request::ListBoundaries { .. }
            | Request::ReadCursor { .. }
            | Request::PeekEntry { .. }
            | Request::CreateEntry { .. },
        ) => {
            unreachable!("a collection only searches for manifests")
        }
        CollectRequest::List { part, .. } => {
            let (read, fault) = listed(list(once, paths, part).await);
            (CollectReply::Listed(part, read), fault)
        }
        CollectRequest::ReadBoundary { at, .. } => {
            let (read, fault) = read_boundary(once, paths, at).await;
            (CollectReply::Boundary(at, read), fault)
        }
        CollectRequest::ReadHeader { at, bytes, .. } => {
            let (read, fault) = read_header(once, &paths.entry(at), at, bytes).await;
            (CollectReply::Header(at, read), fault)
        }
        CollectRequest::ListSsTable { name, .. } => {
            let (read, fault) = listed(measure(once, paths, name).await);
            let read = match read {
                ReadReply::Found(Some(folder)) => ReadReply::Found(folder),
                ReadReply::Found(None) | ReadReply::Absent => ReadReply::Absent,
                ReadReply::Damaged => ReadReply::Damaged,
                ReadReply::Unknown => ReadReply::Unknown,
            };
            (CollectReply::SsTable(name, read), fault)
        }
        CollectRequest::PublishBoundary { at, kept_posts, .. } => {
            let (reply, fault) = publish(once, paths, Boundary { boundary: at, kept_posts }).await;
            (CollectReply::Published(at, reply), fault)
        }
        CollectRequest::Stamp { .. } => {
            let (read, fault) = stamp(once, paths).await;
            (CollectReply::Stamped(read), fault)
        }
        CollectRequest::Delete { batch, objects } if matches!(objects[..], [Object::SsTable(_)]) => {
            let [Object::SsTable(name)] = objects[..] else { unreachable!("matched above") };
            let failed = delete_sstable(store, &paths.sstable_dir(name)).await.err();
            let failed = failed.map(|why| (Object::SsTable(name), why)).into_iter();
            (CollectReply::Deleted { batch, failed: failed.collect() }, None)
        }
        CollectRequest::Delete { batch, objects } => {
            let deletions = store.delete(objects.iter().map(|object| object.path(paths))).await;
            let failed = objects.into_iter().zip(deletions).filter_map(|(object, deletion)| {
                let error = deletion.result.err()?;
                Some((object, error.to_string()))
            });
            (CollectReply::Deleted { batch, failed: failed.collect() }, None)
        }
    }
}

/// Waits before a repeated attempt.
async fn pause(request: &CollectRequest, options: &CollectOptions) {
    let attempt = match request {
        CollectRequest::Manifest(
            Request::ListManifests { attempt } | Request::ReadManifest { attempt, .. },
        )
        | CollectRequest::List { attempt, .. }
        | CollectRequest::ReadBoundary { attempt, .. }
        | CollectRequest::ReadHeader { attempt, .. }
        | CollectRequest::ListSsTable { attempt, .. }
        | CollectRequest::Stamp { attempt }
        | CollectRequest::PublishBoundary { attempt, .. } => *attempt,
        CollectRequest::Manifest(_) | CollectRequest::Delete { .. } => 0,
    };
    let pause = pause_before(attempt, options.patience(), options.jitter_seed());
    if !pause.is_zero() {
        wait(pause).await;
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "this is the driver of this crate's core; the pause lies within the future"
)]
async fn wait(pause: Duration) {
    tokio::time::sleep(pause).await;
}

fn listed<T>(listed: Result<T, StoreError>) -> (ReadReply<T>, Option<Fault>) {
    match listed {
        Ok(found) => (ReadReply::Found(found), None),
        Err(error) => (ReadReply::Unknown, Some(Fault::Store(error))),
    }
}

async fn read_manifest(
    store: &LogStore,
    paths: &ShardPaths,
    version: Version,
) -> (ReadReply<Manifest>, Option<Fault>) {
    let path = paths.manifest(version);
    let read = store.get_up_to(&path, MANIFEST_BYTES_MAX as u64).await;
    decoded(&path, read, |object| {
        let manifest = Manifest::decode(&path, version, &object.bytes)?;
        // Deleting by the manifest of a shard that was copied here from elsewhere would be deleting by accident.
        match manifest.shard_id {
            Some(id) if id != paths.shard() => Err(damaged(&path, "the manifest belongs to another shard")),
            _ => known_status(&path, manifest),
        }
    })
}

/// What may go in a state that this program does not know, it does not know either.
fn known_status(path: &str, manifest: Manifest) -> Result<Manifest, FormatError> {
    match manifest.status {
        ShardStatus::Unknown(number) => Err(FormatError::Newer {
            object: path.to_owned(),
            offset: 0,
            what: format!("the shard's status {number}").into(),
        }),
        _ => Ok(manifest),
    }
}

async fn read_boundary(
    store: &LogStore,
    paths: &ShardPaths,
    at: Position,
) -> (ReadReply<BTreeSet<Position>>, Option<Fault>) {
    let path = paths.boundary(at);
    let read = store.get_up_to(&path, DOCUMENT_BYTES_MAX as u64).await;
    decoded(&path, read, |object| {
        Ok(Boundary::decode(&path, at, &object.bytes)?.kept_posts.into_iter().collect())
    })
}

fn decoded<T>(
    path: &str,
    read: ReadOutcome<StoredObject>,
    decode: impl FnOnce(&StoredObject) -> Result<T, FormatError>,
) -> (ReadReply<T>, Option<Fault>) {
    if read.is_too_large() {
        let error = damaged(path, "the object is larger than any such object may be");
        return (ReadReply::Damaged, Some(Fault::Format(error)));
    }
    match read {
        ReadOutcome::Found(object) => match decode(&object) {
            Ok(found) => (ReadReply::Found(found), None),
            Err(error) => (ReadReply::Damaged, Some(Fault::Format(error))),
        },
        ReadOutcome::Absent => (ReadReply::Absent, None),
        ReadOutcome::Unknown(error) => (ReadReply::Unknown, Some(Fault::Store(error))),
    }
}

async fn publish(store: &LogStore, paths: &ShardPaths, boundary: Boundary) -> (CreateReply, Option<Fault>) {
    let bytes =
        boundary.encode().expect("the posts recorded are ascending, within the boundary and few enough");
    match store.put_new(paths.boundary(boundary.boundary), bytes.into()).await {
        Ok(_) => (CreateReply::Done, None),
        Err(refused) => match refused.why {
            Refusal::Exists => (CreateReply::Exists, None),
            Refusal::NotDone { retry, source } => {
                (CreateReply::NotDone { again: retry == Retry::Later }, Some(Fault::Store(source)))
            }
            Refusal::Unknown { source } => (CreateReply::Unknown, Some(Fault::Store(source))),
            // Kinds that come later say nothing that can be relied on here.
        },
    }
}

/// Writes the stamp and reads what time the store gave it. An overwrite, as it only tells the time: one that lands late tells a later
/// one, at which it landed (P-71).
async fn stamp(store: &LogStore, paths: &ShardPaths) -> (ReadReply<StoreTime>, Option<Fault>) {
    let path = paths.stamp();
    if let Err(refused) = store.put_overwrite(&path, STAMP.into()).await {
        return match refused.why {
            Refusal::NotDone { retry: Retry::Later, source } | Refusal::Unknown { source } => {
                (ReadReply::Unknown, Some(Fault::Store(source)))
            }
            Refusal::Exists | Refusal::NotDone { .. } => (ReadReply::Absent, None),
        };
    }
    match store.head(&path).await {
        ReadOutcome::Found(listed) => (ReadReply::Found(store_time(listed.last_modified)), None),
        ReadOutcome::Absent => (ReadReply::Absent, None),
        ReadOutcome::Unknown(error) => (ReadReply::Unknown, Some(Fault::Store(error))),
    }
}

fn damaged(path: &str, reason: &'static str) -> FormatError {
    FormatError::Damaged { object: path.to_owned(), offset: 0, reason: reason.into() }
}

const STAMP: &str = r#"{"format":1}"#;
