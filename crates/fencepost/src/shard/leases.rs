//! Leases: one small document for each epoch, overwritten as long as the holder lives.
// P-60.

use super::Io;
use super::queries::named;
use crate::{Cause, ReadError, telemetry};
use fencepost_fence::{HolderRequest, LeaseView, ReadReply};
use fencepost_format::{DOCUMENT_BYTES_MAX, Epoch, Lease, parse_lease_name};
use fencepost_store::ReadOutcome;
use std::time::SystemTime;

/// What a lease says, and who wrote it.
#[derive(Debug)]
pub(crate) struct LeaseRead {
    pub(crate) view: ReadReply<LeaseView>,
    /// The holder's name, if it could be read.
    pub(crate) holder: Option<String>,
    /// What was in the way of reading it.
    pub(crate) cause: Option<Cause>,
}

impl Io {
    /// Overwrites the lease. That it failed is said in the log only: at worst a candidate takes us for dead;
    /// it fences us, and nothing is lost.
    // P-60.
    pub(crate) async fn write_lease(&self, request: &HolderRequest, holder: &str) {
        let LeaseView { counter, ttl, released } = request.lease;
        let lease = Lease { epoch: request.epoch, holder: holder.to_owned(), counter, ttl_ms: ttl, released };
        let path = self.paths.lease(request.epoch);
        let written = self.store.put_overwrite(path, lease.encode().into()).await;
        telemetry::lease_written(written.is_ok());
        if let Err(refused) = written {
            tracing::warn!(
                shard = %self.paths.shard(), epoch = %request.epoch, why = %refused.why, "the lease was not renewed"
            );
        }
    }

    /// Reads the lease of an epoch. One that is too large is not read, and no lease that is damaged: nobody
    /// knows what it says.
    // P-65.
    pub(crate) async fn read_lease(&self, epoch: Epoch) -> LeaseRead {
        let path = self.paths.lease(epoch);
        let unread = |view, cause| LeaseRead { view, holder: None, cause };
        match self.once().get_up_to(&path, DOCUMENT_BYTES_MAX as u64).await {
            ReadOutcome::Absent => unread(ReadReply::Absent, None),
            ReadOutcome::Unknown(error) => unread(ReadReply::Unknown, Some(error.into())),
            ReadOutcome::Found(object) => match Lease::decode(&path, epoch, &object.bytes) {
                Ok(Lease { counter, ttl_ms, released, holder, .. }) => {
                    let view = ReadReply::Found(LeaseView { counter, ttl: ttl_ms, released });
                    LeaseRead { view, holder: Some(holder), cause: None }
                }
                Err(error) => unread(ReadReply::Damaged, Some(error.into())),
            },
        }
    }

    /// The highest epoch that has a lease. Costs one LIST.
    // P-113.
    pub(crate) async fn newest_lease(&self) -> ReadReply<Epoch> {
        match named(&self.once(), self.paths.lease_dir(), parse_lease_name).await {
            Ok(leases) => ReadReply::Found(leases.last().map_or(Epoch::NONE, |(epoch, _)| *epoch)),
            Err(_) => ReadReply::Unknown,
        }
    }

    /// The lease of an epoch as it stands, with the time at which it was written, for people. Costs one LIST,
    /// and one GET if there is one.
    pub(crate) async fn find_lease(&self, epoch: Epoch) -> Result<Option<(Lease, SystemTime)>, ReadError> {
        let leases = named(&self.store, self.paths.lease_dir(), parse_lease_name).await?;
        let Some((_, listed)) = leases.into_iter().find(|(of, _)| *of == epoch) else { return Ok(None) };
        let path = self.paths.lease(epoch);
        let read = self.store.get_up_to(&path, DOCUMENT_BYTES_MAX as u64).await;
        // Released together with its object since.
        let Some(object) = read.into_result()? else { return Ok(None) };
        match Lease::decode(&path, epoch, &object.bytes) {
            Ok(lease) => Ok(Some((lease, listed.last_modified))),
            // A lease is advisory (P-60), and nobody who asks this may be kept from the rest.
            Err(why) => {
                tracing::warn!(shard = %self.paths.shard(), %why, "the lease is damaged, and is taken for absent");
                Ok(None)
            }
        }
    }
}
