use proptest::prelude::*;

use super::*;
use crate::{Consumed, ID_MAX, Nonce};

const SHARD: &str = "5e3982e7-0881-4b06-a045-82968ecdc515";

#[test]
fn position_5_is_101_and_then_zeros() {
    let name = entry_name(Position::new(5));
    assert_eq!(name, format!("101{}.arrow", "0".repeat(61)));
    assert_eq!(manifest_name(Version::new(6)), format!("011{}.binpb", "0".repeat(61)));
    assert_eq!(entry_name(Position::new(ID_MAX)), format!("{}10.arrow", "0".repeat(62)));
}

/// F-1: other spellings are other objects, or nobody's; reading two of them as one position would be worse.
#[test]
fn names_have_one_spelling() {
    let good = entry_name(Position::new(5));
    assert_eq!(parse_entry_name(&good), Some(Position::new(5)));
    let zeros = "0".repeat(64);
    let bad = [
        format!("{zeros}.arrow"),
        format!("{}1.arrow", &zeros[1..]),
        format!("{}11.arrow", &zeros[2..]),
        format!("1{}.arrow", &zeros[2..]),
        format!("1{zeros}.arrow"),
        format!("+{}1.arrow", &zeros[2..]),
        format!("2{}.arrow", &zeros[1..]),
        good.replace(".arrow", ".binpb"),
        good.replace(".arrow", ".arrow.tmp"),
        good.replace(".arrow", ".ARROW"),
        good.replace(".arrow", ""),
        format!(" {good}"),
        format!("wal/{good}"),
        String::new(),
    ];
    for name in bad {
        assert_eq!(parse_entry_name(&name), None, "{name:?}");
    }
    assert_eq!(parse_manifest_name(&good), None);
}

#[test]
fn documents_have_one_spelling() {
    let zero = "00000000000000000000.json";
    assert_eq!(parse_boundary_name(&format!("boundary-{zero}")), Some(Position::NONE));
    assert_eq!(parse_lease_name(zero), None, "nobody holds epoch 0");
    assert_eq!(parse_lease_name("00000000000000000042.json"), Some(Epoch::new(42)));
    for bad in ["42.json", "0000000000000000042.json", "+0000000000000000042.json", "00000000000000000042"] {
        assert_eq!(parse_lease_name(bad), None, "{bad}");
    }
    // 2^62 + 1, and more than 64 bits.
    for bad in ["04611686018427387905.json", "99999999999999999999.json"] {
        assert_eq!(parse_lease_name(bad), None, "{bad}");
    }
    assert_eq!(parse_lease_name("04611686018427387904.json"), Some(Epoch::new(ID_MAX)));
}

/// F-21.
#[test]
fn documents_of_cursors_have_one_spelling() {
    let good = "position-000000000000000000000000000000fe-00000000000000000042-00000000000000000003.json";
    let consumed = Consumed { position: Position::new(42), epoch: Epoch::new(3) };
    let document = CursorDocument::Position(Nonce(0xfe), consumed);
    assert_eq!(document.object_name(), good);
    assert_eq!(CursorDocument::parse(good), Some(document));
    let decision = "decision-000000000000000000000000000000fe.json";
    assert_eq!(CursorDocument::parse(decision), Some(CursorDocument::Decision(Nonce(0xfe))));
    let bad = [
        good.replace("position", "decision"),
        decision.replace("decision", "cursor"),
        good.replace("position", "place"),
        good.replace("fe-", "FE-"),
        good.replace("-0000000000000000000000", "-+000000000000000000000"),
        good.replace("00000000000000000042", "42"),
        good.replace("00000000000000000042", "04611686018427387905"),
        good.replace("-00000000000000000003", ""),
        good.replace(".json", "-1.json"),
        good.replace(".json", ""),
    ];
    for name in bad {
        assert_eq!(CursorDocument::parse(&name), None, "{name}");
    }
}

#[test]
fn cursor_names_are_one_path_segment() {
    for good in ["a", "A-z_0.9", &"n".repeat(64)] {
        assert_eq!(CursorName::parse(good).unwrap().as_str(), good);
    }
    for bad in ["", ".", "..", ".hidden", "a/b", "a b", "ü", "a\\b", "%2e", &"n".repeat(65)] {
        assert_eq!(CursorName::parse(bad), None, "{bad:?}");
    }
}

#[test]
fn paths_are_those_of_the_layout() {
    let paths = ShardPaths::new("/tables/t.lance/", ShardId::parse(SHARD).unwrap());
    let root = format!("tables/t.lance/_mem_wal/{SHARD}");
    let name = CursorName::parse("copy").unwrap();
    assert_eq!(paths.root(), root);
    assert_eq!(paths.wal_dir(), format!("{root}/wal"));
    assert_eq!(paths.entry(Position::FIRST), format!("{root}/wal/1{}.arrow", "0".repeat(63)));
    assert_eq!(paths.manifest(Version::FIRST), format!("{root}/manifest/1{}.binpb", "0".repeat(63)));
    assert_eq!(paths.version_hint(), format!("{root}/manifest/version_hint.json"));
    assert_eq!(
        paths.boundary(Position::new(42)),
        format!("{root}/fencepost/gc/boundary-00000000000000000042.json")
    );
    assert_eq!(paths.stamp(), format!("{root}/fencepost/gc/stamp.json"));
    let document = CursorDocument::Cursor(Nonce(1), Position::NONE.into());
    let cursor = paths.cursor(&name, &document);
    assert_eq!(cursor, format!("{root}/fencepost/cursors/copy/{}", document.object_name()));
    assert_eq!(paths.parse_cursor(&cursor), Some((name, document)));
    assert_eq!(paths.parse_cursor(&cursor.replace("copy", "a/b")), None);
    assert_eq!(paths.parse_cursor(&format!("{root}/fencepost/cursors/copy/notes.txt")), None);
    assert_eq!(paths.lease(Epoch::new(3)), format!("{root}/fencepost/lease/00000000000000000003.json"));
    assert_eq!(ShardPaths::new("", paths.shard()).root(), format!("_mem_wal/{SHARD}"));
}

proptest! {
    #[test]
    fn names_come_back(number in 1..=ID_MAX) {
        prop_assert_eq!(parse_entry_name(&entry_name(Position::new(number))), Some(Position::new(number)));
        prop_assert_eq!(parse_manifest_name(&manifest_name(Version::new(number))), Some(Version::new(number)));
    }

    /// One wrong character is another position or none; it is never the same one.
    #[test]
    fn a_changed_name_is_not_the_same(number in 1..=ID_MAX, at in 0_usize..70, with in any::<char>()) {
        let name = entry_name(Position::new(number));
        let changed: String =
            name.chars().enumerate().map(|(index, c)| if index == at { with } else { c }).collect();
        prop_assume!(changed != name);
        prop_assert_ne!(parse_entry_name(&changed), Some(Position::new(number)));
    }
}
