use proptest::prelude::*;

use super::*;

fn shard() -> ShardId {
    ShardId::parse("5e3982e7-0881-4b06-a045-82968ecdc515").unwrap()
}

fn full() -> Manifest {
    Manifest {
        version: Version::new(7),
        writer_epoch: Epoch::new(3),
        replay_after: Position::new(18),
        last_seen: Position::new(19),
        current_generation: Generation(5),
        sstables: vec![SsTable {
            generation: Generation(4),
            path: "f6d4fb86_gen_4".into(),
            ..SsTable::default()
        }],
        shard_spec_id: 7,
        shard_fields: vec![ShardField {
            key: "bucket".into(),
            value: vec![3, 0, 0, 0].into(),
            ..ShardField::default()
        }],
        status: ShardStatus::Sealed,
        nonce: Some(Nonce(0x0f0e_0d0c_0b0a_0908_0706_0504_0302_0100)),
        lance_before: true,
        ..Manifest::initial(shard())
    }
}

fn decode(bytes: &[u8]) -> Result<Manifest, FormatError> {
    Manifest::decode("manifest", Version::new(7), bytes)
}

/// F-14, F-15: the very bytes. Field 20480 has the key `82 80 0a`, and 16 bytes follow; field 20481 has the
/// key `88 80 0a`.
#[test]
fn manifest_is_laid_out_as_documented() {
    let hex: String = full().encode().iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(
        hex,
        "0807100318122013300542120804120e66366434666238365f67656e5f34\
         50075a120a105e3982e708814b06a04582968ecdc515\
         720e0a066275636b6574120403000000780182800a10000102030405060708090a0b0c0d0e0f88800a01"
    );
    assert_eq!(decode(&full().encode()).unwrap(), full());
}

/// F-40: field 20482 has the key `92 80 0a`, and 16 bytes follow.
#[test]
fn a_drain_has_its_nonce_last() {
    let drain = Manifest { drain: Some(Nonce(0x0f0e_0d0c_0b0a_0908_0706_0504_0302_0100)), ..full() };
    let bytes = drain.encode();
    let field = [&[0x92, 0x80, 0x0a, 16][..], &(0..16).collect::<Vec<u8>>()].concat();
    assert_eq!(bytes, [full().encode().as_ref(), &field].concat());
    assert_eq!(decode(&bytes).unwrap(), drain);
}

#[test]
fn initial_manifest_is_what_an_empty_folder_stands_for() {
    let initial = Manifest::initial(shard());
    assert_eq!((initial.version, initial.writer_epoch), (Version::NONE, Epoch::NONE));
    assert_eq!((initial.replay_after, initial.current_generation), (Position::NONE, Generation(1)));
    assert!(initial.status.accepts_claims());
}

/// F-16: prost's derive would drop these, and with them whatever a newer Lance had written.
#[test]
fn unknown_fields_survive_at_every_level_and_in_their_places() {
    let newer = [
        &full().encode()[..2],
        // 5: varint, 7: eight bytes, among the known ones.
        &[0x28, 0x96, 0x01],
        &[0x39, 1, 2, 3, 4, 5, 6, 7, 8],
        // 8: an SSTable with fields 1, 3 and a message 9 in it.
        &[0x42, 8, 0x08, 4, 0x18, 5, 0x4a, 2, 0x08, 1],
        // 11: a shard id with a field 2; 14: a shard field with only a field 3.
        &[0x5a, 20, 0x0a, 16, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 0x10, 9],
        &[0x72, 3, 0x1a, 1, 0xff],
        // 15: a status that nobody knows yet; 16: four bytes; 17: a group with a field in it.
        &[0x78, 42],
        &[0x85, 0x01, 1, 2, 3, 4],
        &[0x8b, 0x01, 0x08, 1, 0x8c, 0x01],
    ]
    .concat();
    let manifest = decode(&newer).unwrap();
    assert_eq!(manifest.status, ShardStatus::Unknown(42));
    assert!(!manifest.status.accepts_claims(), "what is not known is not open");
    let numbers: Vec<_> = manifest.unknown.iter().map(|(number, _)| number).collect();
    assert_eq!(numbers, [5, 7, 16, 17]);
    assert_eq!(manifest.encode(), newer);
    // A claim on top of it keeps them all.
    let claim = Manifest { version: Version::new(8), writer_epoch: Epoch::new(4), ..manifest };
    let again = Manifest::decode("manifest", Version::new(8), &claim.encode()).unwrap();
    assert_eq!(again, claim);
    assert_eq!(again.sstables[0].unknown.iter().count(), 2);
}

#[test]
fn negative_status_is_kept() {
    let manifest = Manifest { status: ShardStatus::Unknown(-1), ..full() };
    assert_eq!(decode(&manifest.encode()).unwrap(), manifest);
}

#[test]
fn right_bytes_under_a_wrong_name_are_misplaced() {
    let error = Manifest::decode("manifest", Version::new(8), &full().encode()).unwrap_err();
    assert!(
        matches!(error, FormatError::Misplaced { what: "version", found: 7, expected: 8, .. }),
        "{error}"
    );
}

/// F-17.
#[test]
fn what_is_no_manifest_is_refused_with_its_place() {
    let damaged = |bytes: &[u8]| match decode(bytes) {
        Err(FormatError::Damaged { offset, .. }) => offset,
        other => panic!("{bytes:02x?}: {other:?}"),
    };
    assert_eq!(damaged(b""), 0, "an empty object states no version");
    assert_eq!(damaged(b"not protobuf"), 0);
    assert_eq!(
        damaged(&[0x08, 7, 0x10, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]),
        2,
        "2^64 - 1"
    );
    assert_eq!(damaged(&[0x08, 7, 0x12, 1, 0]), 2, "an epoch that is bytes");
    assert_eq!(damaged(&[0x08, 7, 0x5a, 3, 0x0a, 1, 0]), 4, "a shard id of one byte, within its message");
    assert_eq!(damaged(&[0x08, 7, 0x42, 0x7f]), 2, "longer than the object");
    let huge = vec![0; MANIFEST_BYTES_MAX + 1];
    assert!(matches!(decode(&huge), Err(FormatError::TooLarge { .. })));
}

proptest! {
    /// Protobuf has no checksum, so a flipped bit may be another manifest; it is never a panic.
    #[test]
    fn any_mutation_is_a_manifest_or_a_typed_error(at in 0_usize..100, with: u8, cut in 0_usize..100) {
        let mut bytes = full().encode().to_vec();
        let at = at % bytes.len();
        bytes[at] = with;
        bytes.truncate(bytes.len() - cut % bytes.len());
        match decode(&bytes) {
            Ok(manifest) => prop_assert_eq!(decode(&manifest.encode()).unwrap().version, Version::new(7)),
            Err(error) => prop_assert_eq!(error.object(), Some("manifest")),
        }
    }

    #[test]
    fn manifests_come_back(
        epoch in 0..=crate::ID_MAX, after in 0..=crate::ID_MAX, seen in 0..=crate::ID_MAX, generation: u64,
        spec: u32, status: i32, nonce: Option<u128>, sstables in prop::collection::vec((any::<u64>(), ".*"), 0..4),
        fields in prop::collection::vec((".*", prop::collection::vec(any::<u8>(), 0..9)), 0..4),
    ) {
        let status = match status { 0 => ShardStatus::Active, 1 => ShardStatus::Sealed, n => ShardStatus::Unknown(n) };
        let manifest = Manifest {
            version: Version::new(7),
            writer_epoch: Epoch::new(epoch),
            replay_after: Position::new(after),
            last_seen: Position::new(seen),
            current_generation: Generation(generation),
            shard_spec_id: spec,
            status,
            nonce: nonce.map(Nonce),
            sstables: sstables
                .into_iter()
                .map(|(generation, path)| SsTable { generation: Generation(generation), path, ..SsTable::default() })
                .collect(),
            shard_fields: fields
                .into_iter()
                .map(|(key, value)| ShardField { key, value: value.into(), ..ShardField::default() })
                .collect(),
            ..Manifest::initial(shard())
        };
        prop_assert_eq!(decode(&manifest.encode()).unwrap(), manifest);
    }
}
