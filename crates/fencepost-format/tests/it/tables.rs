//! The manifests of a table that Lance 14.0.2 wrote, with an index of its MemWAL.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use fencepost_format::{Generation, ShardId, TableManifest, parse_table_manifest_name};
use serde_json::Value;

const FOLDER: &str = "testdata/lance-14.0.2-table";

/// Every version, with its bytes.
fn versions() -> BTreeMap<u64, Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(FOLDER).join("_versions");
    let files = fs::read_dir(folder).unwrap().map(Result::unwrap);
    let version =
        |file: &fs::DirEntry| parse_table_manifest_name(file.file_name().to_str().unwrap()).unwrap();
    files.map(|file| (version(&file), fs::read(file.path()).unwrap())).collect()
}

fn expected() -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(FOLDER).join("expected.json");
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

fn progress(of: &Value) -> BTreeMap<ShardId, Generation> {
    let shards = of.as_object().unwrap().iter();
    shards
        .map(|(shard, generation)| (ShardId::parse(shard).unwrap(), Generation(generation.as_u64().unwrap())))
        .collect()
}

#[test]
fn what_lance_notes_of_compactions_and_indexes_is_read() {
    let expected = expected();
    let (version, bytes) = versions().pop_last().unwrap();
    let table = TableManifest::decode("table", version, &bytes).unwrap();
    assert_eq!(table.version, expected["version"].as_u64().unwrap());
    let names = |of: &Value| -> Vec<String> { serde_json::from_value(of.clone()).unwrap() };
    assert_eq!(table.indexes.into_iter().collect::<Vec<_>>(), names(&expected["indexes"]));
    let mem_wal = table.mem_wal.unwrap();
    assert_eq!(mem_wal.maintained.into_iter().collect::<Vec<_>>(), names(&expected["maintained"]));
    assert_eq!(Value::from(mem_wal.maintains_all), expected["maintains_all"]);
    assert_eq!(mem_wal.compacted, progress(&expected["compacted"]));
    let caught_up = expected["caught_up"].as_object().unwrap().iter();
    let caught_up: BTreeMap<_, _> =
        caught_up.map(|(index, shards)| (index.clone(), progress(shards))).collect();
    assert_eq!(mem_wal.caught_up, caught_up);
}

#[test]
fn every_version_before_is_read_as_well() {
    let expected = expected();
    let from = |key: &str| expected[key].as_u64().unwrap();
    for (version, bytes) in versions() {
        let table = TableManifest::decode("table", version, &bytes).unwrap();
        assert_eq!(table.version, version);
        assert_eq!(table.mem_wal.is_some(), version >= from("mem_wal_from_version"), "{version}");
        let compacted = table.mem_wal.as_ref().is_some_and(|mem_wal| !mem_wal.compacted.is_empty());
        assert_eq!(compacted, version >= from("compacted_from_version"), "{version}");
        assert!(table.has_fragments && table.base_in_mem_wal.is_none() && table.blob_column.is_none());
        assert_eq!(table.writer.unwrap().to_string(), "lance 14.0.2", "{version}");
        assert!(TableManifest::decode("table", version + 1, &bytes).is_err());
    }
}

/// Protobuf has no checksum, so a flipped bit may be another manifest; a cut one never is.
#[test]
fn damage_is_an_error_with_its_place_or_another_manifest_and_never_a_panic() {
    let (version, bytes) = versions().pop_last().unwrap();
    for end in 0..bytes.len() {
        assert!(TableManifest::decode("table", version, &bytes[..end]).is_err(), "cut at {end}");
    }
    for bit in 0..bytes.len() * 8 {
        let mut flipped = bytes.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        if let Err(error) = TableManifest::decode("table", version, &flipped) {
            assert_eq!(error.object(), Some("table"));
            assert!(error.offset().unwrap() <= bytes.len() as u64, "bit {bit}: {error}");
        }
    }
}
