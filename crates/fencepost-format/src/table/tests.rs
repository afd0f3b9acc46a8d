use super::*;
use crate::{Generation, ShardId, parse_detached_manifest_name};
use proptest::prelude::*;
use prost::encoding::{WireType, encode_key, encode_varint};

const SHARD: &str = "5e3982e7-0881-4b06-a045-82968ecdc515";

fn shard() -> ShardId {
    ShardId::parse(SHARD).unwrap()
}

fn number(field: u32, value: u64) -> Vec<u8> {
    let mut out = Vec::new();
    encode_key(field, WireType::Varint, &mut out);
    encode_varint(value, &mut out);
    out
}

fn bytes(field: u32, value: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    encode_key(field, WireType::LengthDelimited, &mut out);
    encode_varint(value.len() as u64, &mut out);
    out.extend_from_slice(value);
    out
}

fn prefixed(message: &[u8]) -> Vec<u8> {
    [&u32::try_from(message.len()).unwrap().to_le_bytes(), message].concat()
}

fn progress(generation: u64) -> Vec<u8> {
    [bytes(1, &bytes(1, shard().as_bytes())), number(2, generation)].concat()
}

fn index(name: &str, details: &[u8]) -> Vec<u8> {
    let any = [bytes(1, b"/lance.table.MemWalIndexDetails"), bytes(2, details)].concat();
    bytes(1, &[bytes(1, &[7; 18]), bytes(3, name.as_bytes()), bytes(6, &any)].concat())
}

/// A table's manifest with this index section, more fields of the manifest, and a version.
fn manifest(section: &[u8], more: &[u8], version: u64) -> Vec<u8> {
    let section = [b"junk before".to_vec(), prefixed(section)].concat();
    let message = [bytes(2, b"a fragment"), number(3, version), number(6, 11), more.to_vec()].concat();
    let at = section.len() as u64;
    [section, prefixed(&message), at.to_le_bytes().to_vec(), vec![0, 0, 2, 0], b"LANC".to_vec()].concat()
}

fn details() -> Vec<u8> {
    let caught_up = [bytes(1, b"by_id"), bytes(2, &progress(3))].concat();
    [bytes(7, b"a spec"), bytes(8, b"by_id"), bytes(9, &progress(4)), bytes(10, &caught_up), number(12, 1)]
        .concat()
}

fn whole() -> Vec<u8> {
    manifest(
        &[
            index("by_id", b"not ours"),
            index("__lance_mem_wal", &details()),
            index("__lance_frag_reuse", b""),
        ]
        .concat(),
        &number(9, 3),
        7,
    )
}

fn decode(bytes: &[u8]) -> Result<TableManifest, FormatError> {
    TableManifest::decode("table", 7, bytes)
}

fn fails(bytes: &[u8], with: &str) {
    let error = decode(bytes).unwrap_err();
    assert!(error.to_string().contains(with), "{error}");
    assert_eq!(error.object(), Some("table"));
    assert!(error.offset().unwrap() <= bytes.len() as u64);
}

#[test]
fn progress_of_shards_and_indexes_is_read() {
    let read = decode(&whole()).unwrap();
    assert_eq!((read.version, read.indexes), (7, ["by_id".to_owned()].into()));
    let mem_wal = read.mem_wal.unwrap();
    assert_eq!(mem_wal.compacted, [(shard(), Generation(4))].into());
    assert_eq!(mem_wal.caught_up, [("by_id".to_owned(), [(shard(), Generation(3))].into())].into());
    assert!(mem_wal.maintains_all && mem_wal.maintained.contains("by_id"));
}

#[test]
fn a_table_without_indexes_or_without_a_mem_wal_has_no_details() {
    assert_eq!(decode(&manifest(&[], &[], 7)).unwrap().mem_wal, None);
    assert_eq!(decode(&manifest(&index("by_id", b""), &[], 7)).unwrap().mem_wal, None);
    let message = number(3, 7);
    let bare =
        [prefixed(&message), 0_u64.to_le_bytes().to_vec(), vec![0, 0, 2, 0], b"LANC".to_vec()].concat();
    assert_eq!(decode(&bare).unwrap(), TableManifest { version: 7, ..TableManifest::default() });
}

/// A version with these fields of `Manifest`.
fn facts(more: &[u8]) -> TableManifest {
    let message = [number(3, 7), more.to_vec()].concat();
    let bytes =
        [prefixed(&message), 0_u64.to_le_bytes().to_vec(), vec![0, 0, 2, 0], b"LANC".to_vec()].concat();
    decode(&bytes).unwrap()
}

fn writer(library: &str, version: &str, prerelease: &str) -> Vec<u8> {
    let mut parts = [bytes(1, library.as_bytes()), bytes(2, version.as_bytes())].concat();
    if !prerelease.is_empty() {
        parts.extend(bytes(3, prerelease.as_bytes()));
    }
    bytes(13, &parts)
}

#[test]
fn who_wrote_a_version_is_read_and_compared_as_releases_are() {
    assert_eq!(facts(&[]).writer, None);
    let said = |library: &str, version: &str, prerelease: &str| {
        facts(&writer(library, version, prerelease)).writer.unwrap()
    };
    assert_eq!(said("lance", "11.0.0", "beta.3").to_string(), "lance 11.0.0-beta.3");
    assert_eq!(said("la\u{1b}nce", "1", "").to_string(), "la\\u{1b}nce 1");
    let floor = (11, 0, 0);
    for (library, version, prerelease, reaches) in [
        ("lance", "11.0.0", "", true),
        ("lance", "14.0.2", "", true),
        ("lance", "11.0.1", "rc.1", true),
        ("lance", "11.0.0", "rc.1", false),
        ("lance", "10.9.9", "", false),
        ("lance", "11.0", "", false),
        ("lance", "11.0.0+local", "", false),
        ("lance", "", "", false),
        ("lance-rs", "14.0.2", "", false),
        ("", "14.0.2", "", false),
    ] {
        assert_eq!(said(library, version, prerelease).is_lance_since(floor), reaches, "{library} {version}");
    }
}

#[test]
fn fragments_count_in_a_list_and_in_a_tree() {
    assert!(!facts(&[]).has_fragments);
    assert!(facts(&bytes(2, b"")).has_fragments);
    let tree = |tree: &[u8]| facts(&bytes(22, &bytes(1, tree))).has_fragments;
    assert!(tree(&bytes(2, &[7; 16])), "a root object");
    assert!(tree(&bytes(1, &bytes(1, b""))), "a root with a child");
    assert!(!tree(&bytes(1, b"")) && !tree(&bytes(3, b"x")) && !facts(&bytes(22, b"")).has_fragments);
}

#[test]
fn a_base_path_counts_if_a_folder_in_it_is_the_mem_wals() {
    let base =
        |path: &str| facts(&bytes(18, &[number(1, 3), bytes(4, path.as_bytes())].concat())).base_in_mem_wal;
    for inside in ["/t/_mem_wal/a_gen_1/data", "s3://b/t/_mem_wal", "t/_mem_wal/"] {
        assert_eq!(base(inside).as_deref(), Some(inside));
    }
    for outside in ["/t/data", "/t/_mem_wal_of_mine/x", "s3://b/other", ""] {
        assert_eq!(base(outside), None, "{outside}");
    }
    let two = [bytes(18, &bytes(4, b"/a")), bytes(18, &bytes(4, b"/_mem_wal/b"))].concat();
    assert_eq!(facts(&two).base_in_mem_wal.as_deref(), Some("/_mem_wal/b"));
}

#[test]
fn a_column_of_blobs_is_known_by_its_metadata() {
    let pair =
        |key: &str, value: &str| bytes(10, &[bytes(1, key.as_bytes()), bytes(2, value.as_bytes())].concat());
    let column = |more: &[u8]| facts(&bytes(1, &[bytes(2, b"picture"), more.to_vec()].concat())).blob_column;
    for blob in [
        pair("lance-encoding:blob", "true"),
        [pair("x", "y"), pair("ARROW:extension:name", "lance.blob.v2")].concat(),
        bytes(9, b"lance.blob.v2"),
    ] {
        assert_eq!(column(&blob).as_deref(), Some("picture"));
    }
    for other in [vec![], pair("ARROW:extension:name", "arrow.json"), pair("blob", "lance.blob.v2")] {
        assert_eq!(column(&other), None);
    }
}

/// What promises more than is known for certain is not believed.
#[test]
fn of_contradictory_progress_the_lower_counts() {
    let twice = [bytes(9, &progress(9)), bytes(9, &progress(2)), bytes(9, &progress(5))].concat();
    let read = decode(&manifest(&index("__lance_mem_wal", &twice), &[], 7)).unwrap();
    assert_eq!(read.mem_wal.unwrap().compacted, [(shard(), Generation(2))].into());
}

#[test]
fn what_is_no_such_manifest_is_refused_with_its_place() {
    fails(b"", "too short");
    fails(b"LANC", "too short");
    fails(&[0; 100], "does not end with LANC");
    fails(&manifest(&[], &[], 8), "says that it is version 8");
    let mut far = whole();
    let foot = far.len() - 16;
    far[foot..foot + 8].copy_from_slice(&u64::MAX.to_le_bytes());
    fails(&far, "does not end at the footer");
    let section = manifest(&[], &number(6, 1 << 40), 7);
    fails(&section, "does not fit before the manifest");
    fails(&manifest(&index("__lance_mem_wal", &bytes(9, &number(2, 3))), &[], 7), "progress of no shard");
    fails(
        &manifest(&index("__lance_mem_wal", &bytes(9, &bytes(1, &bytes(1, b"short")))), &[], 7),
        "5 bytes instead of 16",
    );
    fails(
        &manifest(&[index("__lance_mem_wal", b""), index("__lance_mem_wal", b"")].concat(), &[], 7),
        "a second index",
    );
    fails(&manifest(&bytes(1, &bytes(3, b"__lance_mem_wal")), &[], 7), "has no details");
    let other = bytes(1, &[bytes(3, b"__lance_mem_wal"), bytes(6, &bytes(1, b"/x.Other"))].concat());
    fails(&manifest(&other, &[], 7), "the details of the MemWAL are a \"/x.Other\"");
    fails(&manifest(b"\xff", &[], 7), "not a protobuf field");
}

/// A feature that readers must know may change what the index section means.
#[test]
fn a_feature_of_a_later_format_is_refused() {
    assert!(decode(&manifest(&[], &number(9, 1 << 16 | 1 << 13 | 0xff), 7)).is_ok());
    let error = decode(&manifest(&[], &number(9, 1 << 20), 7)).unwrap_err();
    assert!(error.is_limit_of_reader() && error.to_string().contains("the table's feature 20"), "{error}");
}

#[test]
fn names_of_both_schemes_are_versions_and_nothing_else_is() {
    for (name, version) in [
        ("1.manifest", 1),
        ("4294967296.manifest", 4_294_967_296),
        ("18446744073709551614.manifest", 1),
        ("18446744073709551607.manifest", 8),
        ("09223372036854775808.manifest", (1 << 63) - 1),
    ] {
        assert_eq!(parse_table_manifest_name(name), Some(version), "{name}");
    }
    let bad = [
        "0.manifest",
        "01.manifest",
        "+1.manifest",
        "1.manifest.tmp",
        "1",
        "manifest",
        ".manifest",
        "d1.manifest",
        "18446744073709551615.manifest",
        "09223372036854775807.manifest",
        "99999999999999999999.manifest",
        "9223372036854775808.manifest",
        "00000000000000000001.manifest",
    ];
    for bad in bad {
        assert_eq!(parse_table_manifest_name(bad), None, "{bad}");
    }
}

#[test]
fn names_of_detached_versions_are_versions_and_nothing_else_is() {
    assert_eq!(parse_detached_manifest_name("d9223372036854775808.manifest"), Some(1 << 63));
    assert_eq!(parse_detached_manifest_name("d18446744073709551615.manifest"), Some(u64::MAX));
    for bad in ["d1.manifest", "9223372036854775808.manifest", "d09223372036854775808.manifest", "d.manifest"]
    {
        assert_eq!(parse_detached_manifest_name(bad), None, "{bad}");
    }
}

#[test]
fn every_cut_is_noticed_and_no_flipped_bit_panics() {
    let whole = whole();
    for end in 0..whole.len() {
        assert!(decode(&whole[..end]).is_err(), "cut at {end}");
    }
    for bit in 0..whole.len() * 8 {
        let mut flipped = whole.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        if let Err(error) = decode(&flipped) {
            assert!(error.offset().unwrap() <= whole.len() as u64, "bit {bit}: {error}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2_000) })]

    #[test]
    fn bytes_of_any_kind_end_in_a_manifest_or_an_error(section in prop::collection::vec(any::<u8>(), 0..80), more in prop::collection::vec(any::<u8>(), 0..80)) {
        let _ = decode(&section);
        let _ = decode(&manifest(&section, &more, 7));
        let _ = decode(&manifest(&index("__lance_mem_wal", &section), &[], 7));
    }
}
