//! Questions about a shard that are answered at once, without a reader.

use super::listing::list;
use super::{Io, name_in};
use crate::ReadError;
use crate::drive::{Driver, Search, Searching};
use crate::table::is_table;
use fencepost_fence::{FindLatest, Found, Reply, Request, Tick};
use fencepost_format::{Manifest, Position, parse_boundary_name, parse_entry_name};
use fencepost_gc::{Inventory, Part};
use fencepost_store::{Listed, LogStore, StoreError};

impl Io {
    /// The latest manifest. Costs two LISTs and two GETs.
    pub(crate) async fn manifest(&self) -> Result<Manifest, ReadError> {
        match self.search().await? {
            Some(manifest) => Ok(manifest),
            None => Err(self.no_manifest().await),
        }
    }

    async fn search(&self) -> Result<Option<Manifest>, ReadError> {
        let search = FindLatest::new(self.environment.now().plus(self.params.retry_timeout));
        let mut driver = Driver::new(Searching::new(search), &self.environment);
        match driver.outcome(|request| self.clone().perform(request)).await {
            Ok(found) => Ok(found),
            Err(why) => {
                let cause = self.cause_of(why, driver.take_cause());
                Err(ReadError::GaveUp { at: Position::NONE, why, cause })
            }
        }
    }

    /// What it means that a search found no manifest.
    pub(crate) async fn no_manifest(&self) -> ReadError {
        match self.has_lost_manifests().await {
            Ok(true) => ReadError::ManifestsLost { folder: self.paths.manifest_dir() },
            Ok(false) => ReadError::NoLog { shard: self.paths.shard() },
            Err(why) => why,
        }
    }

    /// Whether there was a log here whose manifests are gone. Asked where a search found none. Costs two LISTs, and a
    /// search where one of them shows anything.
    ///
    /// SUBTLE: the search comes last. A writer that is quicker makes its first manifest before its first entry.
    // P-116.
    pub(crate) async fn has_lost_manifests(&self) -> Result<bool, ReadError> {
        let folder = self.paths.wal_dir();
        let is_entry = |listed: &Listed| name_in(&folder, listed).and_then(parse_entry_name).is_some();
        let (has_entry, boundary) =
            futures::try_join!(self.store.any_below(&folder, is_entry), self.boundary())?;
        Ok((has_entry || !boundary.is_none()) && self.search().await?.is_none())
    }

    /// What lies in a folder of the shard. Costs one LIST.
    pub(crate) async fn list(&self, part: Part) -> Result<Inventory, StoreError> {
        list(&self.store, &self.paths, part).await
    }

    /// Whether the log lies in a Lance table, so that Lance may open it; where it cannot be told, it may.
    /// Costs one LIST.
    // P-27.
    pub(crate) async fn may_be_in_table(&self) -> bool {
        is_table(&self.store).await.unwrap_or_else(|why| {
            tracing::warn!(
                shard = %self.paths.shard(), %why,
                "one append at a time, since it is not known whether the log lies in a Lance table"
            );
            true
        })
    }

    /// The boundary that counts. Costs one LIST.
    pub(crate) async fn boundary(&self) -> Result<Position, StoreError> {
        self.boundary_in(&self.store).await
    }

    /// The same from `store`, which repeats a listing as long as its budget says.
    pub(super) async fn boundary_in(&self, store: &LogStore) -> Result<Position, StoreError> {
        let boundaries = named(store, self.paths.gc_dir(), parse_boundary_name).await?;
        Ok(boundaries.last().map_or(Position::NONE, |(at, _)| *at))
    }

    /// The boundary that counts, with what was listed of its document. Costs one LIST.
    pub(crate) async fn boundary_object(&self) -> Result<Option<(Position, Listed)>, StoreError> {
        Ok(named(&self.store, self.paths.gc_dir(), parse_boundary_name).await?.pop())
    }

    /// What lies in a folder under a name that `parse` understands, upward. Costs one LIST.
    pub(crate) async fn named<T: Ord + Copy>(
        &self,
        folder: String,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Result<Vec<(T, Listed)>, StoreError> {
        named(&self.store, folder, parse).await
    }

    /// Every entry by position, with what was listed of it. Costs one LIST.
    pub(crate) async fn list_entry_objects(&self) -> Result<Vec<(Position, Listed)>, StoreError> {
        named(&self.store, self.paths.wal_dir(), parse_entry_name).await
    }

    /// What lies in `folder` under a name that `parse` understands, upward. Costs one LIST.
    pub(crate) async fn list_named<T: Ord + Copy>(
        &self,
        folder: String,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Result<Vec<(T, Listed)>, StoreError> {
        named(&self.store, folder, parse).await
    }

    /// Every entry by position, with its size. Costs one LIST.
    pub(crate) async fn list_entries(&self) -> Result<Vec<(Position, u64)>, StoreError> {
        let entries = self.list_entry_objects().await?.into_iter();
        Ok(entries.map(|(at, object)| (at, object.size)).collect())
    }
}

/// What lies in `folder` under a name that `parse` understands, upward. What lies deeper is somebody's copy,
/// and none of it.
pub(super) async fn named<T: Ord + Copy>(
    store: &LogStore,
    folder: String,
    parse: impl Fn(&str) -> Option<T>,
) -> Result<Vec<(T, Listed)>, StoreError> {
    let listed = store.list_all(&folder).await?.into_iter();
    let mut found: Vec<_> =
        listed.filter_map(|object| Some((parse(name_in(&folder, &object)?)?, object))).collect();
    found.sort_unstable_by_key(|(name, _)| *name);
    Ok(found)
}

impl Search for FindLatest {
    type Request = Request;
    type Reply = Reply;
    type Outcome = Found;

    fn poll_request(&mut self) -> Option<Request> {
        self.poll_request()
    }

    fn handle(&mut self, now: Tick, reply: Reply) -> Option<Found> {
        self.handle(now, &reply)
    }
}
