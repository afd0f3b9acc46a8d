//! A shard in a store, written object by object.

use arrow_array::{ArrayRef, Int64Array, RecordBatch};
use arrow_ipc::writer::StreamWriter;
use arrow_schema::{DataType, Field, Schema};
use fencepost_format::{
    CursorDocument, CursorName, EncodedBatches, EntryKind, Epoch, Manifest, Nonce, Position, ShardId,
    ShardPaths, Trailer, Version, assemble_entry, encode_marker, parse_entry_name,
};
use fencepost_store::{LogStore, StoreOptions};
use std::sync::Arc;

type Metadata = std::collections::HashMap<String, String>;

pub(super) struct Log {
    pub(super) store: LogStore,
    pub(super) paths: ShardPaths,
    /// The shard that manifests say they belong to.
    pub(super) shard: ShardId,
}

/// A store in memory that no other test uses.
pub(super) fn memory(test: &str) -> LogStore {
    LogStore::open(&format!("memory://collector-{test}"), StoreOptions::new()).unwrap()
}

fn paths() -> ShardPaths {
    ShardPaths::new("table", ShardId::parse("5e3982e7-0881-4b06-a045-82968ecdc515").unwrap())
}

impl Log {
    pub(super) fn new(store: LogStore) -> Self {
        let paths = paths();
        Self { store, shard: paths.shard(), paths }
    }

    pub(super) async fn marker(&self, at: u64, kind: EntryKind, epoch: u64) {
        self.overwrite(at, self.marker_bytes(at, kind, epoch)).await;
    }

    pub(super) fn marker_bytes(&self, at: u64, kind: EntryKind, epoch: u64) -> Vec<u8> {
        encode_marker(kind, Position::new(at), Epoch::new(epoch), Nonce(epoch.into())).to_vec()
    }

    pub(super) async fn data(&self, at: u64, epoch: u64, rows: i64) {
        self.overwrite(at, self.data_bytes(at, epoch, rows)).await;
    }

    pub(super) fn data_bytes(&self, at: u64, epoch: u64, rows: i64) -> Vec<u8> {
        let group = EncodedBatches::encode(&[batch(rows, Metadata::new())]).unwrap();
        assemble_entry(Position::new(at), Epoch::new(epoch), Nonce(epoch.into()), &[group]).unwrap().concat()
    }

    /// A sound trailer that says "filler" behind 8 KiB of anything.
    pub(super) fn blown_up_filler(&self, at: u64, epoch: u64) -> Vec<u8> {
        let mut bytes = vec![0; 8 << 10];
        let trailer = Trailer {
            kind: EntryKind::Filler,
            position: Position::new(at),
            epoch: Epoch::new(epoch),
            nonce: Nonce(1),
            rows: 0,
            batches: 0,
            body_bytes: bytes.len() as u64,
            body_crc: 0,
        };
        bytes.extend(trailer.encode());
        bytes
    }

    /// An entry as Lance writes it, with so many bytes of metadata in its schema.
    pub(super) async fn lance(&self, at: u64, epoch: u64, rows: i64, metadata_bytes: usize) {
        let metadata =
            [("writer_epoch".to_owned(), epoch.to_string()), ("note".to_owned(), "x".repeat(metadata_bytes))];
        let batch = batch(rows, metadata.into());
        let mut writer = StreamWriter::try_new(Vec::new(), &batch.schema()).unwrap();
        writer.write(&batch).unwrap();
        self.overwrite(at, writer.into_inner().unwrap()).await;
    }

    pub(super) async fn lance_sentinel(&self, at: u64, epoch: u64) {
        let metadata = [
            ("writer_epoch".to_owned(), epoch.to_string()),
            ("fence_sentinel".to_owned(), "true".to_owned()),
        ];
        let schema = Schema::empty().with_metadata(Metadata::from(metadata));
        let mut writer = StreamWriter::try_new(Vec::new(), &schema).unwrap();
        writer.finish().unwrap();
        self.overwrite(at, writer.into_inner().unwrap()).await;
    }

    pub(super) async fn overwrite(&self, at: u64, bytes: Vec<u8>) {
        self.store.put_overwrite(self.paths.entry(Position::new(at)), bytes.into()).await.unwrap();
    }

    pub(super) async fn manifest(&self, version: u64, epoch: u64, replay_after: u64, last_seen: u64) {
        let manifest = Manifest {
            version: Version::new(version),
            writer_epoch: Epoch::new(epoch),
            replay_after: Position::new(replay_after),
            last_seen: Position::new(last_seen),
            nonce: Some(Nonce(version.into())),
            ..Manifest::initial(self.shard)
        };
        self.store.create(self.paths.manifest(manifest.version), manifest.encode().into()).await.unwrap();
    }

    /// One document of a cursor.
    pub(super) async fn cursor(&self, name: &str, document: CursorDocument) {
        let name = CursorName::parse(name).unwrap();
        let path = self.paths.cursor(&name, &document);
        self.store.create(path, document.encode(&name).into()).await.unwrap();
    }

    /// The positions that hold an entry.
    pub(super) async fn positions(&self) -> Vec<u64> {
        let listed = self.store.list_all(self.paths.wal_dir()).await.unwrap();
        let positions = listed.iter().filter_map(|object| parse_entry_name(object.path.filename()?));
        let mut positions: Vec<_> = positions.map(|at| at.get()).collect();
        positions.sort_unstable();
        positions
    }

    pub(super) async fn clear(&self) {
        let listed = self.store.list_all(self.paths.root()).await.unwrap();
        self.store.delete(listed.iter().map(|object| object.path.as_ref().to_owned())).await;
    }
}

fn batch(rows: i64, metadata: Metadata) -> RecordBatch {
    let schema = Schema::new(vec![Field::new("id", DataType::Int64, false)]).with_metadata(metadata);
    let ids: ArrayRef = Arc::new(Int64Array::from_iter_values(0..rows));
    RecordBatch::try_new(Arc::new(schema), vec![ids]).unwrap()
}
