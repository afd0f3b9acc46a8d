//! One shard in a store, and every request about it. Requests are performed here and nowhere else; what they
//! mean for the log is decided by the core.
//!
//! The machines ask in their own words ([`Request`], `CursorRequest`, `CollectRequest`), each performed by a
//! method of [`Io`]. The rest are questions that are answered at once: the latest manifest, the boundary,
//! what is listed.
//!
//! Two ways to ask the store: [`Io::once`] for whatever a machine repeats by itself, up to its own deadline,
//! and [`Io::store`] for all else.

mod answer;
mod budget;
mod collection;
mod cursors;
mod entries;
mod header;
mod leases;
mod listing;
mod manifests;
mod queries;
mod sstables;
mod staging;
mod tail;

pub(crate) use answer::{Performed, created, listed, read_as};
pub(crate) use budget::{ReadBudget, Room};
pub(crate) use cursors::{BrokenCursor, CursorListed};
pub(crate) use leases::LeaseRead;
pub use staging::Staging;

use crate::{Cause, Environment};
use fencepost_fence::{GaveUp, NewEntry, Params, Reply, Request, WriterId};
use fencepost_format::{CursorName, DecodeLimits, ShardPaths, encode_marker};
use fencepost_store::{Listed, LogStore, pause_before};
use object_store::PutPayload;
use std::time::Duration;

/// A store, a shard in it, and how to treat them. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Io {
    /// For what is asked once: it repeats what may pass, as long as the retry timeout of this log.
    pub(crate) store: LogStore,
    pub(crate) paths: ShardPaths,
    pub(crate) environment: Environment,
    pub(crate) params: Params,
    pub(crate) limits: DecodeLimits,
    /// How many bytes of entries one reader or one replay may hold.
    pub(crate) read_ahead_bytes: u64,
    /// The budget of this one, if it reads ahead.
    pub(crate) budget: Option<ReadBudget>,
}

impl Io {
    /// The same with a request counter of its own.
    pub(crate) fn scoped(&self) -> Self {
        Self { store: self.store.scoped(), budget: None, ..self.clone() }
    }

    /// The same for somebody who reads ahead: with a budget of its own.
    pub(crate) fn reading(&self) -> Self {
        Self { budget: Some(ReadBudget::new(self.read_ahead_bytes)), ..self.clone() }
    }

    /// Performs `request`, after a pause if it is not the first attempt.
    pub(crate) async fn perform(self, request: Request) -> Performed {
        self.perform_with(request, None).await
    }

    /// The same. An entry that is to be created consists of `rows`, if given; else it is one that has none.
    pub(crate) async fn perform_with(&self, request: Request, rows: Option<PutPayload>) -> Performed {
        self.pause(request.attempt()).await;
        match request {
            Request::ListManifests { .. } => self.list_manifests().await,
            Request::ReadManifest { version, .. } => {
                self.read_manifest(version).await.map(|read| Reply::Manifest(version, read))
            }
            Request::CreateManifest { manifest, .. } => self.create_manifest(&manifest).await,
            Request::ReadEntry { at, .. } => self.read_entry(at).await,
            Request::ListBoundaries { .. } => {
                listed(self.boundary_in(&self.once()).await).map(Reply::Boundary)
            }
            Request::ReadCursor { .. } => unreachable!("a reader for a cursor reads it by its name"),
            Request::PeekEntry { at, .. } => self.peek_entry(at).await,
            Request::CreateEntry { entry, .. } => {
                let payload = rows.unwrap_or_else(|| marker(&entry));
                self.create_entry(entry.position, payload).await
            }
        }
    }

    /// Performs a request of a reader, for which the cursor of this name keeps what it reads.
    pub(crate) async fn perform_read(self, request: Request, cursor: Option<CursorName>) -> Performed {
        match (&request, cursor) {
            (Request::ReadCursor { .. }, Some(name)) => {
                self.pause(request.attempt()).await;
                self.read_cursor(&name).await
            }
            _ => self.perform(request).await,
        }
    }

    /// The pause before an attempt of this number; none before the first, 0.
    pub(crate) async fn pause(&self, attempt: u32) {
        if attempt == 0 {
            return;
        }
        let pause = pause_before(attempt, self.retry_timeout(), self.environment.jitter_seed());
        if !pause.is_zero() {
            tokio::time::sleep(pause).await;
        }
    }

    /// What lies beneath the core's giving up, for people: the last thing that went wrong, or the object that
    /// is missing.
    pub(crate) fn cause_of(&self, why: GaveUp, last: Option<Cause>) -> Option<Cause> {
        match why {
            GaveUp::MissingManifest(version) => {
                Some(Cause::ListedNotThere { object: self.paths.manifest(version) })
            }
            GaveUp::LostEntry { at, .. } => Some(Cause::Lost { object: self.paths.entry(at) }),
            // What was found is the whole reason; what failed before has nothing to do with it.
            GaveUp::RolledBack { .. } | GaveUp::WentBack { .. } => None,
            _ => last,
        }
    }

    /// How long anything is tried again.
    pub(crate) const fn retry_timeout(&self) -> Duration {
        Duration::from_millis(self.params.retry_timeout)
    }

    /// The store for requests of the core, which repeats them itself and has a deadline: one attempt each, or
    /// both would wait.
    pub(crate) fn once(&self) -> LogStore {
        self.store.with_retry_timeout(Duration::ZERO)
    }
}

/// The part of an object's path below `folder`.
fn name_in<'a>(folder: &str, object: &'a Listed) -> Option<&'a str> {
    object.path.as_ref().strip_prefix(folder)?.strip_prefix('/')
}

fn marker(entry: &NewEntry) -> PutPayload {
    let NewEntry { position, kind, writer: WriterId { epoch, nonce } } = *entry;
    encode_marker(kind, position, epoch, nonce).into()
}
