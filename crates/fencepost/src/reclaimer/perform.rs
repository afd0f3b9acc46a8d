//! The requests of a reclaim.

use crate::shard::{Io, Performed, created, listed, read_as};
use crate::table::{TableError, read_table_versions};
use fencepost_fence::ReadReply;
use fencepost_format::{DOCUMENT_BYTES_MAX, FormatError, ReclaimEnd, ReclaimName, ReclaimPart, ReclaimPlan};
use fencepost_gc::{ReclaimReply, ReclaimRequest, TableHistory};
use fencepost_store::Listed;
use std::collections::BTreeMap;

impl Io {
    /// Performs a request of a reclaim, after a pause if it is not the first attempt.
    pub(super) async fn perform_reclaim(self, request: ReclaimRequest) -> Performed<ReclaimReply> {
        self.pause(attempt_of(&request)).await;
        match request {
            ReclaimRequest::Manifest(request) => self.perform(request).await.map(ReclaimReply::Manifest),
            ReclaimRequest::List { .. } => {
                let folder = self.paths.gc_dir();
                let objects = self.once().list_all(&folder).await;
                let reclaims = objects.map(|objects| reclaims_in(&folder, &objects));
                listed(reclaims).map(ReclaimReply::Listed)
            }
            ReclaimRequest::ReadTable { .. } => self.read_history().await.map(ReclaimReply::Table),
            ReclaimRequest::ReadPlan { number, .. } => {
                let name = ReclaimName { number, part: ReclaimPart::Plan };
                let decode = |path: &str, bytes: &[u8]| ReclaimPlan::decode(path, number, bytes);
                self.read_reclaim(name, decode).await.map(|read| ReclaimReply::Plan(number, read))
            }
            ReclaimRequest::ReadEnd { number, .. } => {
                self.read_reclaim_end(number).await.map(|read| ReclaimReply::End(number, read))
            }
            ReclaimRequest::CreatePlan { plan, .. } => {
                let name = ReclaimName { number: plan.number, part: ReclaimPart::Plan };
                let outcome = self.once().create(self.paths.reclaim(&name), plan.encode().into()).await;
                created(outcome).map(|reply| ReclaimReply::PlanCreated(plan.number, reply))
            }
            ReclaimRequest::CreateEnd { end, .. } => {
                let name = ReclaimName { number: end.number, part: ReclaimPart::End };
                let outcome = self.once().create(self.paths.reclaim(&name), end.encode().into()).await;
                created(outcome).map(|reply| ReclaimReply::EndCreated(end.number, reply))
            }
        }
    }

    /// The end of a reclaim, by one attempt.
    pub(crate) async fn read_reclaim_end(&self, number: u64) -> Performed<ReadReply<ReclaimEnd>> {
        let name = ReclaimName { number, part: ReclaimPart::End };
        self.read_reclaim(name, |path, bytes| ReclaimEnd::decode(path, number, bytes)).await
    }

    async fn read_reclaim<T>(
        &self,
        name: ReclaimName,
        decode: impl Fn(&str, &[u8]) -> Result<T, FormatError>,
    ) -> Performed<ReadReply<T>> {
        let path = self.paths.reclaim(&name);
        let outcome = self.once().get_up_to(&path, DOCUMENT_BYTES_MAX as u64).await;
        read_as(outcome, |bytes| decode(&path, &bytes))
    }

    /// A version beside the latest that could not be read is in the history, and holds everything.
    // P-83.
    async fn read_history(&self) -> Performed<ReadReply<TableHistory>> {
        match read_table_versions(&self.store).await {
            Ok(Some(table)) => Performed::new(ReadReply::Found(table.history), None),
            Ok(None) => Performed::new(ReadReply::Absent, None),
            Err(TableError::Format { source }) => Performed::new(ReadReply::Damaged, Some(source.into())),
            Err(TableError::List { source } | TableError::Read { source, .. }) => {
                Performed::new(ReadReply::Unknown, Some(source.into()))
            }
            // A cleanup was under way.
            Err(TableError::Gone { .. }) => Performed::new(ReadReply::Unknown, None),
        }
    }
}

/// The reclaims that have a document in `folder`, and whether they have ended.
fn reclaims_in(folder: &str, objects: &[Listed]) -> BTreeMap<u64, bool> {
    let mut reclaims: BTreeMap<u64, bool> = BTreeMap::new();
    let names = objects.iter().filter_map(|object| {
        ReclaimName::parse(object.path.as_ref().strip_prefix(folder)?.strip_prefix('/')?)
    });
    for name in names {
        *reclaims.entry(name.number).or_default() |= name.part == ReclaimPart::End;
    }
    reclaims
}

const fn attempt_of(request: &ReclaimRequest) -> u32 {
    match request {
        ReclaimRequest::List { attempt }
        | ReclaimRequest::ReadPlan { attempt, .. }
        | ReclaimRequest::ReadTable { attempt }
        | ReclaimRequest::CreatePlan { attempt, .. }
        | ReclaimRequest::CreateEnd { attempt, .. }
        | ReclaimRequest::ReadEnd { attempt, .. } => *attempt,
        // The core's own request waits by itself.
        ReclaimRequest::Manifest(_) => 0,
    }
}
