//! The requests of a collection.

use super::answer::{created, listed, read, read_as};
use super::listing::{list, measure, store_time};
use super::sstables::delete_sstable;
use super::{Io, Performed};
use crate::Cause;
use fencepost_fence::{CreateReply, ReadReply, Reply};
use fencepost_format::{
    Boundary, CursorDocument, DOCUMENT_BYTES_MAX, Epoch, Forgotten, FormatError, Manifest, OpeningRecord,
    Position, ShardStatus,
};
use fencepost_gc::{CollectReply, CollectRequest, Object, StoreTime};
use fencepost_store::{PutOutcome, Refusal, Retry};
use std::collections::BTreeSet;

impl Io {
    /// Performs a request of a collection, after a pause if it is not the first attempt.
    pub(crate) async fn perform_collect(self, request: CollectRequest) -> Performed<CollectReply> {
        self.pause(attempt_of(&request)).await;
        match request {
            CollectRequest::Manifest(request) => {
                self.known_status(self.perform_with(request, None).await).map(CollectReply::Manifest)
            }
            CollectRequest::List { part, .. } => {
                let inventory = list(&self.once(), &self.paths, part).await;
                listed(inventory).map(|read| CollectReply::Listed(part, read))
            }
            CollectRequest::ReadBoundary { at, .. } => {
                self.read_boundary(at).await.map(|read| CollectReply::Boundary(at, read))
            }
            CollectRequest::ReadOpening { epoch, .. } => {
                self.read_opening(epoch).await.map(|read| CollectReply::Opening(epoch, read))
            }
            CollectRequest::ReadHeader { at, bytes, .. } => {
                self.read_header(at, bytes).await.map(|read| CollectReply::Header(at, read))
            }
            CollectRequest::ListSsTable { name, .. } => {
                let folder = listed(measure(&self.once(), &self.paths, name).await);
                folder.map(|read| CollectReply::SsTable(name, something(read)))
            }
            CollectRequest::ReadReclaim { number, .. } => {
                self.read_reclaim_end(number).await.map(|read| CollectReply::Reclaim(number, read))
            }
            CollectRequest::BreakCursor { name, nonce, mark, .. } => {
                let (path, bytes) =
                    (self.paths.cursor(&name, &CursorDocument::Broken(nonce)), mark.encode(&name, nonce));
                let reply = created(self.once().create(path, bytes.into()).await);
                reply.map(|reply| CollectReply::CursorBroken(name, nonce, reply))
            }
            CollectRequest::FindBreak { name, nonce, .. } => {
                let found = self.once().head(self.paths.cursor(&name, &CursorDocument::Broken(nonce))).await;
                let there = read(found, |_| Ok::<_, Cause>(()));
                there.map(|read| CollectReply::BreakFound(name, nonce, read))
            }
            CollectRequest::PublishBoundary { at, guarding_fences, .. } => {
                let boundary = Boundary { boundary: at, guarding_fences };
                self.publish(&boundary).await.map(|reply| CollectReply::Published(at, reply))
            }
            CollectRequest::Stamp { .. } => self.stamp().await.map(CollectReply::Stamped),
            CollectRequest::Delete { batch, objects } => {
                let failed = self.delete(objects).await;
                Performed::new(CollectReply::Deleted { batch, failed }, None)
            }
        }
    }

    /// What may go in a state that this program does not know, it does not know either.
    fn known_status(&self, performed: Performed) -> Performed {
        match performed.reply {
            Reply::Manifest(
                version,
                ReadReply::Found(Manifest { status: ShardStatus::Unknown(number), .. }),
            ) => {
                let what = format!("the shard's status {number}").into();
                let error = FormatError::Newer { object: self.paths.manifest(version), offset: 0, what };
                Performed::new(Reply::Manifest(version, ReadReply::Damaged), Some(error.into()))
            }
            _ => performed,
        }
    }

    /// Records that one of Lance's claims is gone.
    // P-59.
    pub(crate) async fn put_forget(&self, forget: &Forgotten) -> PutOutcome {
        self.store.create(self.paths.forgotten(forget.epoch), forget.encode().into()).await
    }

    async fn read_boundary(&self, at: Position) -> Performed<ReadReply<BTreeSet<Position>>> {
        let path = self.paths.boundary(at);
        let outcome = self.once().get_up_to(&path, DOCUMENT_BYTES_MAX as u64).await;
        read_as(outcome, |bytes| {
            Ok::<_, FormatError>(Boundary::decode(&path, at, &bytes)?.guarding_fences.into_iter().collect())
        })
    }

    async fn read_opening(&self, epoch: Epoch) -> Performed<ReadReply<OpeningRecord>> {
        let path = self.paths.opening_record(epoch);
        let outcome = self.once().get_up_to(&path, DOCUMENT_BYTES_MAX as u64).await;
        read_as(outcome, |bytes| OpeningRecord::decode(&path, epoch, &bytes))
    }

    /// Leaves what an opener tells collectors, if it can: one attempt, and nobody hears how it ended.
    // P-135.
    pub(crate) async fn leave_record(&self, record: &OpeningRecord) {
        let path = self.paths.opening_record(record.epoch);
        let Ok(bytes) = record.encode() else { return };
        if let Err(refused) = self.once().create(&path, bytes.into()).await {
            tracing::debug!(shard = %self.paths.shard(), epoch = %record.epoch, why = ?refused.why, "left no record for collectors");
        }
    }

    async fn publish(&self, boundary: &Boundary) -> Performed<CreateReply> {
        let bytes = boundary
            .encode()
            .expect("the fence entries recorded are ascending, within the boundary and few enough");
        created(self.once().create(self.paths.boundary(boundary.boundary), bytes.into()).await)
    }

    /// Writes the stamp and reads what time the store gave it. An overwrite, as it only tells the time: one
    /// that lands late tells a later one, at which it landed.
    // P-71.
    async fn stamp(&self) -> Performed<ReadReply<StoreTime>> {
        let (store, path) = (self.once(), self.paths.stamp());
        if let Err(refused) = store.put_overwrite(&path, STAMP.into()).await {
            return match refused.why {
                Refusal::NotDone { retry: Retry::Later, source } | Refusal::Unknown { source } => {
                    Performed::new(ReadReply::Unknown, Some(source.into()))
                }
                Refusal::Exists | Refusal::NotDone { .. } => Performed::new(ReadReply::Absent, None),
            };
        }
        read(store.head(&path).await, |found| Ok::<_, Cause>(store_time(found.last_modified)))
    }

    /// Deletes; what could not be deleted, or is not known to be, and why. The core asks for each batch once:
    /// the store repeats what failed of it.
    async fn delete(&self, objects: Vec<Object>) -> Vec<(Object, String)> {
        if let [Object::SsTable(name)] = objects[..] {
            let failed = delete_sstable(&self.store, &self.paths.sstable_dir(name)).await.err();
            return failed.map(|why| (Object::SsTable(name), why)).into_iter().collect();
        }
        let deletions = self.store.delete(objects.iter().map(|object| object.path(&self.paths))).await;
        let failed = objects.into_iter().zip(deletions).filter_map(|(object, deletion)| {
            let error = deletion.result.err()?;
            Some((object, error.to_string()))
        });
        failed.collect()
    }
}

/// A folder with nothing in it is absent.
fn something<T>(read: ReadReply<Option<T>>) -> ReadReply<T> {
    match read {
        ReadReply::Found(Some(found)) => ReadReply::Found(found),
        ReadReply::Found(None) | ReadReply::Absent => ReadReply::Absent,
        ReadReply::Damaged => ReadReply::Damaged,
        ReadReply::Unknown => ReadReply::Unknown,
    }
}

const fn attempt_of(request: &CollectRequest) -> u32 {
    match request {
        CollectRequest::List { attempt, .. }
        | CollectRequest::ReadBoundary { attempt, .. }
        | CollectRequest::ReadOpening { attempt, .. }
        | CollectRequest::ReadHeader { attempt, .. }
        | CollectRequest::ListSsTable { attempt, .. }
        | CollectRequest::ReadReclaim { attempt, .. }
        | CollectRequest::BreakCursor { attempt, .. }
        | CollectRequest::FindBreak { attempt, .. }
        | CollectRequest::Stamp { attempt }
        | CollectRequest::PublishBoundary { attempt, .. } => *attempt,
        // The core's own request waits by itself, and a deletion is asked for once.
        CollectRequest::Manifest(_) | CollectRequest::Delete { .. } => 0,
    }
}

const STAMP: &str = r#"{"format":1}"#;
