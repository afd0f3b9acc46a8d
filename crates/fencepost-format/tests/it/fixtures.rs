//! Shards that Lance 14.0.2 wrote, read and compared cell by cell with what Lance said about them, and entries and
//! documents that earlier versions of this crate wrote, which stay readable for ever.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail like tests")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int8Type, Int64Type};
use arrow_array::{ArrayRef, DictionaryArray, Int64Array, ListArray, RecordBatch};
use arrow_cast::cast;
use arrow_cast::display::{ArrayFormatter, FormatOptions};
use arrow_schema::{DataType, Schema};
use bytes::Bytes;
use fencepost_format::{
    Boundary, Consumed, CursorDecision, CursorDocument, CursorName, DecodeLimits, EncodedBatches, Entry,
    EntryHeader, EntryKind, EntryTail, Epoch, LanceHead, Lease, Manifest, Nonce, Position, ShardId,
    ShardPaths, ShardStatus, TRAILER_BYTES, Version, assemble_entry, decode_header, decode_lance_head,
    decode_version_hint, encode_marker, encode_version_hint, parse_entry_name, parse_manifest_name,
};
use serde_json::Value;

/// F-1 to F-6, F-11: position, epoch, sentinel, generation, fields, metadata and every cell.
#[test]
fn every_entry_by_lance_reads_as_lance_reads_it() {
    let mut entries = 0;
    for (set, shard) in shards() {
        for expected in list(&shard["wal"]["entries"]) {
            let path = shard_dir(set, &shard).join(text(&expected["file"]));
            let entry = check_entry(&path, expected);
            let cells: Vec<_> = entry.batches().iter().map(cells_of).collect();
            // f4 has no cells in its description, but ids.
            match expected.get("cells") {
                Some(expected) => assert_eq!(&serde_json::to_value(&cells).unwrap(), expected, "{path:?}"),
                None => {
                    let ids: Vec<_> =
                        cells.iter().flatten().map(|row| row[0].parse::<i64>().unwrap()).collect();
                    assert_eq!(serde_json::to_value(ids).unwrap(), expected["ids"], "{path:?}");
                }
            }
            entries += 1;
        }
    }
    assert_eq!(entries, 79, "every entry of every set");
}

/// Compares everything but the cells.
fn check_entry(path: &Path, expected: &Value) -> Entry {
    let name = path.file_name().unwrap().to_str().unwrap();
    let position = parse_entry_name(name).unwrap();
    let bytes = Bytes::from(fs::read(path).unwrap());
    let entry = Entry::decode(name, position, &bytes, DecodeLimits::DEFAULT).unwrap();
    let header = entry.header();
    assert_eq!(Value::from(position.get()), expected["position"]);
    assert_eq!(Value::from(header.epoch.get()), expected["writer_epoch"], "{path:?}");
    assert_eq!(header.kind == EntryKind::Fence, expected["is_sentinel"], "{path:?}");
    assert!(header.is_by_lance() && entry.trailer().is_none());
    assert_eq!(serde_json::to_value(entry.generation().map(|it| it.0)).unwrap(), expected["generation"]);
    assert_eq!(Value::from(entry.summary().object_bytes), expected["file_bytes"]);
    assert_eq!(Value::from(entry.summary().rows), expected["num_rows"]);
    assert_eq!(Value::from(entry.summary().batches), expected["num_batches"]);
    let rows: Vec<_> = entry.batches().iter().map(RecordBatch::num_rows).collect();
    assert_eq!(serde_json::to_value(rows).unwrap(), expected["rows_per_batch"], "{path:?}");
    assert_eq!(fields_of(entry.schema()), expected["fields"], "{path:?}");
    assert_eq!(metadata_of(entry.schema()), expected["user_schema_metadata"], "{path:?}");
    for batch in entry.batches() {
        assert_eq!(batch.schema_ref(), entry.schema(), "{path:?}");
    }

    // The cheaper ways to ask say the same.
    let header_only = decode_header(name, position, &bytes, DecodeLimits::DEFAULT).unwrap();
    assert_eq!(&header_only, entry.summary());
    let tail = &bytes[bytes.len() - TRAILER_BYTES..];
    let size = bytes.len() as u64;
    assert_eq!(EntryTail::decode(name, tail, size, position).unwrap(), EntryTail::Lances);
    let head = &bytes[..bytes.len().min(4096)];
    let known = LanceHead::Known { header };
    assert_eq!(decode_lance_head(name, position, size, head).unwrap(), known, "{path:?}");
    assert_eq!(
        decode_lance_head(name, position, size, &head[..7]).unwrap(),
        LanceHead::MoreNeeded { bytes: 16 }
    );
    let LanceHead::MoreNeeded { bytes: needed } =
        decode_lance_head(name, position, size, &head[..8]).unwrap()
    else {
        panic!("eight bytes are the prefix and no more");
    };
    assert_eq!(decode_lance_head(name, position, size, &head[..needed as usize]).unwrap(), known);
    entry
}

/// F-14, F-16: every version of every manifest, field by field, and written again byte for byte.
#[test]
fn every_manifest_by_lance_is_rewritten_byte_for_byte() {
    let mut versions = 0;
    for (set, shard) in shards() {
        for expected in list(&shard["manifest_versions"]) {
            let path = shard_dir(set, &shard).join(text(&expected["file"]));
            let name = path.file_name().unwrap().to_str().unwrap();
            let version = parse_manifest_name(name).unwrap();
            let bytes = fs::read(&path).unwrap();
            let manifest = Manifest::decode(name, version, &bytes).unwrap();
            assert_eq!(manifest.encode(), bytes, "{path:?}");
            check_manifest(&manifest, expected, text(&shard["shard_id"]));
            versions += 1;
        }
    }
    assert_eq!(versions, 14, "every version of every set");
}

fn check_manifest(manifest: &Manifest, expected: &Value, shard: &str) {
    assert_eq!(Value::from(manifest.version.get()), expected["version"]);
    assert_eq!(Value::from(manifest.writer_epoch.get()), expected["writer_epoch"]);
    assert_eq!(Value::from(manifest.replay_after.get()), expected["replay_after_wal_entry_position"]);
    assert_eq!(Value::from(manifest.last_seen.get()), expected["wal_entry_position_last_seen"]);
    assert_eq!(Value::from(manifest.current_generation.0), expected["current_generation"]);
    assert_eq!(Value::from(manifest.shard_spec_id), expected["shard_spec_id"]);
    assert_eq!(manifest.shard_id, ShardId::parse(shard));
    assert_eq!((manifest.status, &expected["status"]), (ShardStatus::Active, &Value::from("Active")));
    assert_eq!((manifest.nonce, manifest.unknown.is_empty()), (None, true));
    let fields: BTreeMap<_, _> =
        manifest.shard_fields.iter().map(|field| (field.key.clone(), hex(&field.value))).collect();
    assert_eq!(serde_json::to_value(fields).unwrap(), expected["shard_field_values"]);
    let sstables: Vec<_> = manifest.sstables.iter().map(|it| (it.generation.0, it.path.as_str())).collect();
    let expected_sstables: Vec<_> = list(&expected["sstables"])
        .iter()
        .map(|it| (it["generation"].as_u64().unwrap(), text(&it["path"])))
        .collect();
    assert_eq!(sstables, expected_sstables);
    // Sizes and counts are kept without being understood.
    assert!(manifest.sstables.iter().all(|it| it.unknown.iter().map(|(number, _)| number).eq([3, 4, 5])));
}

/// F-14: the first claim of an empty shard is Lance's, but for the nonce.
#[test]
fn first_claim_is_what_lance_writes() {
    let (set, shard) = shards().into_iter().next().unwrap();
    let id = ShardId::parse(text(&shard["shard_id"])).unwrap();
    let claim = Manifest { version: Version::FIRST, writer_epoch: Epoch::FIRST, ..Manifest::initial(id) };
    let lances =
        fs::read(testdata().join("lance-14.0.2").join(ShardPaths::new(set, id).manifest(Version::FIRST)));
    assert_eq!(claim.encode(), lances.unwrap());
}

#[test]
fn paths_and_hints_are_where_and_what_lance_writes() {
    for (set, shard) in shards() {
        let id = ShardId::parse(text(&shard["shard_id"])).unwrap();
        let paths = ShardPaths::new(set, id);
        let root = testdata().join("lance-14.0.2");
        let latest = Version::new(shard["manifest"]["version"].as_u64().unwrap());
        assert!(root.join(paths.manifest(latest)).is_file());
        assert!(root.join(paths.entry(Position::FIRST)).is_file());
        let hint = fs::read(root.join(paths.version_hint())).unwrap();
        assert_eq!(decode_version_hint(&hint), Some(latest));
        assert_eq!(encode_version_hint(latest), hint);
    }
}

/// One object of each sort as the first version of the formats wrote it. Written anew once, when the words of the
/// format were settled before the first release; never again.
#[test]
fn what_the_first_fencepost_wrote_is_read() {
    let read = |path: String| Bytes::from(fs::read(testdata().join(path)).unwrap());
    let paths = ShardPaths::new("fencepost-1", ShardId::parse(SHARD).unwrap());
    let written = first_fencepost();

    let version = Version::new(7);
    assert_eq!(Manifest::decode("m", version, &read(paths.manifest(version))).unwrap(), written.manifest);
    assert_eq!(decode_version_hint(&read(paths.version_hint())), Some(version));
    for (position, kind) in written.kinds {
        let object = read(paths.entry(position));
        let entry = Entry::decode("e", position, &object, DecodeLimits::DEFAULT).unwrap();
        let (epoch, nonce) = (Epoch::new(3), Some(Nonce(0xfeed)));
        let header = EntryHeader { position, epoch, kind, nonce, generation: None };
        assert_eq!(entry.header(), header);
        let rows = if kind.is_data() { written.groups.concat() } else { Vec::new() };
        assert_eq!(entry.batches(), rows);
    }
    let Boundary { boundary, .. } = written.boundary;
    let document = read(paths.boundary(boundary));
    assert_eq!(Boundary::decode("b", boundary, &document).unwrap(), written.boundary);
    let (name, nonce, made, decision) = &written.cursor;
    assert_eq!(read(paths.cursor(name, &CursorDocument::Cursor(*nonce, *made))).first(), Some(&b'{'));
    let bytes = read(paths.cursor(name, &CursorDocument::Decision(*nonce)));
    assert_eq!(CursorDecision::decode("c", name, *nonce, &bytes).unwrap(), *decision);
    let document = read(paths.lease(written.lease.epoch));
    assert_eq!(Lease::decode("l", written.lease.epoch, &document).unwrap(), written.lease);
}

/// Made `testdata/fencepost-1/` once, and still writes objects of the same names. A later format gets a
/// folder of its own, and a function like this. F-2 and F-18.
#[test]
fn the_first_fencepost_still_writes_the_same_objects() {
    let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join("first-fencepost");
    let _ = fs::remove_dir_all(&root);
    let mut written = Vec::new();
    let mut write = |path: String, bytes: &[u8]| {
        let file = root.join(&path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, bytes).unwrap();
        assert!(testdata().join(&path).is_file(), "{path}: not among the kept ones");
        written.push(path);
    };
    let paths = ShardPaths::new("fencepost-1", ShardId::parse(SHARD).unwrap());
    let FirstFencepost { manifest, kinds, groups, boundary, cursor, lease } = first_fencepost();
    let (epoch, nonce) = (Epoch::new(3), Nonce(0xfeed));
    write(paths.manifest(manifest.version), &manifest.encode());
    write(paths.version_hint(), &encode_version_hint(manifest.version));
    for (position, kind) in kinds {
        let groups: Vec<_> = groups.iter().map(|group| EncodedBatches::encode(group).unwrap()).collect();
        let object = match kind {
            EntryKind::Data => assemble_entry(position, epoch, nonce, &groups).unwrap().concat(),
            marker => encode_marker(marker, position, epoch, nonce).to_vec(),
        };
        write(paths.entry(position), &object);
    }
    write(paths.boundary(boundary.boundary), &boundary.encode().unwrap());
    let (name, nonce, made, decision) = &cursor;
    let made = CursorDocument::Cursor(*nonce, *made);
    write(paths.cursor(name, &made), &made.encode(name));
    write(paths.cursor(name, &CursorDocument::Decision(*nonce)), &decision.encode(name, *nonce));
    write(paths.lease(lease.epoch), &lease.encode());
    assert_eq!(written.len(), 11);
}

struct FirstFencepost {
    manifest: Manifest,
    kinds: [(Position, EntryKind); 5],
    groups: [Vec<RecordBatch>; 2],
    boundary: Boundary,
    cursor: (CursorName, Nonce, Consumed, CursorDecision),
    lease: Lease,
}

fn first_fencepost() -> FirstFencepost {
    let manifest = Manifest {
        version: Version::new(7),
        writer_epoch: Epoch::new(3),
        replay_after: Position::new(9),
        last_seen: Position::new(10),
        nonce: Some(Nonce(0x0f0e_0d0c_0b0a_0908_0706_0504_0302_0100)),
        ..Manifest::initial(ShardId::parse(SHARD).unwrap())
    };
    let kinds =
        [EntryKind::Fence, EntryKind::Filler, EntryKind::Data, EntryKind::Close, EntryKind::CleanFence];
    let kinds = std::array::from_fn(|at| (Position::new(10 + at as u64), kinds[at]));
    let rows = |ids: &[i64], colours: &[&str]| {
        let ids: ArrayRef = Arc::new(Int64Array::from(ids.to_vec()));
        let colours: DictionaryArray<Int8Type> = colours.iter().copied().collect();
        let lists = ListArray::from_iter_primitive::<Float64Type, _, _>(
            ids.as_primitive::<Int64Type>().iter().map(|id| id.map(|id| vec![Some(id as f64 / 2.0), None])),
        );
        RecordBatch::try_from_iter([
            ("id", ids),
            ("colour", Arc::new(colours) as ArrayRef),
            ("list", Arc::new(lists) as ArrayRef),
        ])
        .unwrap()
    };
    let made = Consumed { position: Position::new(12), epoch: Epoch::NONE };
    FirstFencepost {
        manifest,
        kinds,
        groups: [vec![rows(&[1, 2], &["red", "green"]), rows(&[3], &["red"])], vec![rows(&[4], &["blue"])]],
        boundary: Boundary {
            boundary: Position::new(9),
            guarding_fences: vec![Position::new(1), Position::new(5)],
        },
        cursor: (
            CursorName::parse("copy").unwrap(),
            Nonce(0xfeed),
            made,
            CursorDecision::Granted(Epoch::new(3)),
        ),
        lease: Lease {
            epoch: Epoch::new(3),
            holder: "somebody".to_owned(),
            counter: 8,
            ttl_ms: 5_000,
            released: true,
        },
    }
}

/// A sentinel of Lance's with its epoch, taken by itself as a collector does.
#[test]
fn sentinels_by_lance_are_fences() {
    let (set, shard) = shards().into_iter().find(|(set, _)| *set == "f2").unwrap();
    let path = shard_dir(set, &shard).join("wal").join(fencepost_format::entry_name(Position::new(9)));
    let bytes = Bytes::from(fs::read(path).unwrap());
    let entry = Entry::decode("sentinel", Position::new(9), &bytes, DecodeLimits::DEFAULT).unwrap();
    assert_eq!((entry.header().kind, entry.header().epoch), (EntryKind::Fence, Epoch::new(3)));
    assert!(entry.schema().fields().is_empty() && entry.schema().metadata().is_empty());
}

fn cells_of(batch: &RecordBatch) -> Vec<Vec<String>> {
    let options = FormatOptions::default().with_null("NULL");
    let columns: Vec<_> = batch.columns().iter().map(with_numeric_zone).collect();
    let columns: Vec<_> =
        columns.iter().map(|column| ArrayFormatter::try_new(column, &options).unwrap()).collect();
    (0..batch.num_rows())
        .map(|row| columns.iter().map(|column| column.value(row).to_string()).collect())
        .collect()
}

/// Zones by name need a database to be printed; the fixtures' only one is UTC.
fn with_numeric_zone(column: &ArrayRef) -> ArrayRef {
    match column.data_type() {
        DataType::Timestamp(unit, Some(_)) => {
            cast(column, &DataType::Timestamp(*unit, Some("+00:00".into()))).unwrap()
        }
        _ => ArrayRef::clone(column),
    }
}

fn fields_of(schema: &Schema) -> Value {
    let field = |field: &arrow_schema::FieldRef| {
        serde_json::json!({
            "name": field.name(),
            "type": field.data_type().to_string(),
            "nullable": field.is_nullable(),
            "metadata": field.metadata().iter().collect::<BTreeMap<_, _>>(),
        })
    };
    schema.fields().iter().map(field).collect()
}

fn metadata_of(schema: &Schema) -> Value {
    serde_json::to_value(schema.metadata().iter().collect::<BTreeMap<_, _>>()).unwrap()
}

fn shards() -> Vec<(&'static str, Value)> {
    let mut shards = Vec::new();
    for set in ["f1", "f2", "f3", "f4"] {
        let text = fs::read(testdata().join("lance-14.0.2").join(set).join("expected.json")).unwrap();
        let expected: Value = serde_json::from_slice(&text).unwrap();
        shards.extend(list(&expected["shards"]).iter().map(|shard| (set, shard.clone())));
    }
    shards
}

fn shard_dir(set: &str, shard: &Value) -> PathBuf {
    testdata().join("lance-14.0.2").join(set).join("_mem_wal").join(text(&shard["shard_id"]))
}

fn testdata() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata")
}

fn list(value: &Value) -> &[Value] {
    value.as_array().unwrap()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

const SHARD: &str = "5e3982e7-0881-4b06-a045-82968ecdc515";
