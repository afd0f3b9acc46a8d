//! One shard of a Lance table, and both libraries' ways into it.

use crate::Result;
use fencepost::{Position, ShardId, Wal};
use fencepost_format::parse_entry_name;
use fencepost_store::wrap::FaultStore;
use futures::TryStreamExt as _;
use lance::dataset::mem_wal::{ShardManifestStore, WalReadEntry, WalTailer};
use lance::io::ObjectStore as LanceStore;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt as _};
use std::collections::BTreeMap;
use std::sync::Arc;
use tempfile::TempDir;
use uuid::Uuid;

/// A shard, in memory or in a directory that goes away with it.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    /// The store as Lance sees it; `inner` is the one that both sides share.
    pub(crate) store: Arc<LanceStore>,
    /// The table's root in that store.
    pub(crate) base: Path,
    /// The table's root as a URL, which Lance opens SSTables by.
    pub(crate) uri: String,
    pub(crate) shard: Uuid,
    directory: Option<Arc<TempDir>>,
}

impl Table {
    /// Another shard of the same table.
    pub(crate) fn with_shard(&self, shard: Uuid) -> Self {
        Self { shard, ..self.clone() }
    }

    /// In memory, where a create is one request, as in a bucket.
    pub(crate) async fn in_memory() -> Result<Self> {
        Self::in_memory_with(Uuid::new_v4()).await
    }

    /// In memory, with a shard whose objects come later.
    pub(crate) async fn in_memory_with(shard: Uuid) -> Result<Self> {
        let uri = format!("shared-memory://{}/table", Uuid::new_v4());
        let (store, base) = LanceStore::from_uri(&uri).await?;
        Ok(Self { store, base, uri, shard, directory: None })
    }

    /// In a directory, where Lance's create is a rename.
    pub(crate) async fn on_disk() -> Result<Self> {
        let directory = tempfile::tempdir()?;
        let uri = format!("file://{}", directory.path().display());
        let (store, base) = LanceStore::from_uri(&uri).await?;
        Ok(Self { store, base, uri, shard: Uuid::new_v4(), directory: Some(Arc::new(directory)) })
    }

    /// Our log on it.
    pub(crate) async fn wal(&self) -> Result<Wal> {
        let builder = match &self.directory {
            Some(directory) => Wal::at(directory.path().display().to_string()),
            None => Wal::on(Arc::clone(&self.store.inner), self.base.as_ref()),
        };
        Ok(builder.with_shard(ShardId(self.shard)).open().await?)
    }

    /// The same table through a store that can hold requests back.
    pub(crate) fn with_faults(&self) -> (Self, FaultStore) {
        let faults = FaultStore::new(Arc::clone(&self.store.inner));
        let mut store = LanceStore::clone(&self.store);
        store.inner = Arc::new(faults.clone());
        (Self { store: Arc::new(store), ..self.clone() }, faults)
    }

    /// Lance's manifests of it.
    pub(crate) fn manifests(&self) -> ShardManifestStore {
        ShardManifestStore::new(Arc::clone(&self.store), &self.base, self.shard, 2)
    }

    /// `R` and `H` of the latest manifest, as Lance reads it.
    pub(crate) async fn replay_and_last_seen(&self) -> Result<(u64, u64)> {
        let manifest = self.manifests().refresh_latest().await?.ok_or("no manifest")?;
        Ok((manifest.replay_after_wal_entry_position, manifest.wal_entry_position_last_seen))
    }

    /// A foreign hand writes a manifest with another `H`, under the epoch that counts.
    pub(crate) async fn set_last_seen(&self, last_seen: u64) -> Result<()> {
        let manifests = self.manifests();
        let epoch = manifests.refresh_latest().await?.ok_or("no manifest")?.writer_epoch;
        let edit = manifests.commit_update(epoch, |current| {
            let mut next = current.clone();
            next.version = current.next_version();
            next.wal_entry_position_last_seen = last_seen;
            next
        });
        edit.await?;
        Ok(())
    }

    /// The positions of all entries, and their sizes.
    pub(crate) async fn positions(&self) -> Result<BTreeMap<u64, u64>> {
        let listed: Vec<_> = self.store.inner.list(Some(&self.wal_dir())).try_collect().await?;
        let position = |name: &str| parse_entry_name(name).map(Position::get);
        let entry = |meta: &object_store::ObjectMeta| Some((position(meta.location.filename()?)?, meta.size));
        Ok(listed.iter().filter_map(entry).collect())
    }

    /// Every entry, as Lance's tailer reads it.
    pub(crate) async fn entries(&self) -> Result<Vec<WalReadEntry>> {
        let tailer = WalTailer::new(Arc::clone(&self.store), self.base.clone(), self.shard);
        let mut entries = Vec::new();
        for position in self.positions().await?.into_keys() {
            let entry = tailer.read_entry(position).await?;
            entries.push(entry.ok_or_else(|| format!("entry {position} is gone"))?);
        }
        Ok(entries)
    }

    /// At which positions these rows stand.
    pub(crate) async fn positions_of(&self, ids: &[i64]) -> Result<Vec<u64>> {
        let entries = self.entries().await?;
        let holds =
            |entry: &WalReadEntry| crate::rows::all_ids(&entry.batches).iter().any(|id| ids.contains(id));
        Ok(entries.iter().filter(|entry| holds(entry)).map(|entry| entry.entry_position).collect())
    }

    /// Deletes entries, as a collector would.
    pub(crate) async fn delete(&self, positions: impl IntoIterator<Item = u64>) -> Result<()> {
        for position in positions {
            let name = fencepost_format::entry_name(Position::new(position));
            self.store.inner.delete(&self.wal_dir().join(name)).await?;
        }
        Ok(())
    }

    /// Writes one object below the shard.
    pub(crate) async fn put(&self, path: &str, bytes: Vec<u8>) -> Result<()> {
        let to = path.split('/').fold(self.shard_dir(), |path, part| path.join(part));
        self.store.inner.put(&to, bytes.into()).await?;
        Ok(())
    }

    /// Size of every object of the shard, by its path below the table's root.
    pub(crate) async fn sizes(&self) -> Result<BTreeMap<String, u64>> {
        let listed: Vec<_> = self.store.inner.list(Some(&self.shard_dir())).try_collect().await?;
        let base = format!("{}/", self.base);
        let path = |meta: &object_store::ObjectMeta| {
            let path = meta.location.to_string();
            path.strip_prefix(&base).map(str::to_owned).unwrap_or(path)
        };
        Ok(listed.iter().map(|meta| (path(meta), meta.size)).collect())
    }

    pub(crate) fn shard_dir(&self) -> Path {
        self.base.clone().join("_mem_wal").join(self.shard.to_string())
    }

    fn wal_dir(&self) -> Path {
        self.shard_dir().join("wal")
    }
}
