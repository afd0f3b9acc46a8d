use super::*;
use fencepost_format::MemWalDetails;

fn shard() -> ShardId {
    ShardId::parse("5e3982e7-0881-4b06-a045-82968ecdc515").unwrap()
}

fn lance(version: &str) -> TableWriter {
    let mut writer = TableWriter::default();
    (writer.library, writer.version) = ("lance".to_owned(), version.to_owned());
    writer
}

/// A version with two indexes, in which generations up to 3 are compacted.
fn table(change: impl FnOnce(&mut MemWalDetails)) -> TableManifest {
    let mut table = TableManifest::default();
    table.version = 9;
    table.has_fragments = true;
    table.writer = Some(lance("14.0.2"));
    table.indexes = ["by_id", "by_name"].map(str::to_owned).into();
    let mut mem_wal = MemWalDetails::default();
    mem_wal.compacted.insert(shard(), Generation(3));
    change(&mut mem_wal);
    table.mem_wal = Some(mem_wal);
    table
}

/// An older version, in which generations up to this one are compacted.
fn older(version: u64, compacted: u64) -> TableManifest {
    let mut table = table(|mem_wal| {
        mem_wal.compacted.insert(shard(), Generation(compacted));
    });
    table.version = version;
    table
}

fn of(table: &TableHistory, generation: u64) -> Compaction {
    Compaction::of(table, shard(), Generation(generation))
}

fn states(table: &TableHistory) -> [&'static str; 3] {
    [2, 3, 4].map(|generation| of(table, generation).name())
}

fn check(table: &TableManifest, expect: [&str; 3]) {
    assert_eq!(states(&TableHistory::new(table.clone())), expect, "{table:?}");
}

/// What is said of generation 3 if this holds of the latest version, and if it holds of an older one.
fn held(change: impl Fn(&mut TableManifest)) -> [Compaction; 2] {
    let (mut latest, mut old) = (table(|_| ()), older(5, 3));
    change(&mut latest);
    change(&mut old);
    let alone = of(&TableHistory::new(latest), 3);
    let mut both = TableHistory::new(table(|_| ()));
    both.note(&old);
    [alone, of(&both, 3)]
}

#[test]
fn what_was_compacted_could_go_once_the_maintained_indexes_have_caught_up() {
    check(&table(|_| ()), ["could_go", "could_go", "not_compacted"]);
    check(&table(|mem_wal| mem_wal.compacted.clear()), ["not_compacted"; 3]);
    check(&TableManifest::default(), ["no_mem_wal"; 3]);
    let maintained = |mem_wal: &mut MemWalDetails| {
        mem_wal.maintained.insert("by_id".to_owned());
    };
    check(&table(maintained), ["index_behind", "index_behind", "not_compacted"]);
    let behind = table(|mem_wal| {
        maintained(mem_wal);
        mem_wal.caught_up.insert("by_id".to_owned(), [(shard(), Generation(2))].into());
    });
    check(&behind, ["could_go", "index_behind", "not_compacted"]);
    let other_shard = table(|mem_wal| {
        maintained(mem_wal);
        mem_wal.caught_up.insert("by_id".to_owned(), [(ShardId::default(), Generation(9))].into());
    });
    check(&other_shard, ["index_behind", "index_behind", "not_compacted"]);
}

/// Then all of the table's indexes count, whatever the list says.
#[test]
fn where_all_indexes_are_maintained_each_must_have_caught_up() {
    let one = |mem_wal: &mut MemWalDetails| {
        mem_wal.maintains_all = true;
        mem_wal.caught_up.insert("by_id".to_owned(), [(shard(), Generation(3))].into());
    };
    let behind = of(&TableHistory::new(table(one)), 3);
    assert_eq!(behind, Compaction::IndexBehind { index: "by_name".to_owned(), caught_up: None });
    let both = table(|mem_wal| {
        one(mem_wal);
        mem_wal.caught_up.insert("by_name".to_owned(), [(shard(), Generation(3))].into());
    });
    check(&both, ["could_go", "could_go", "not_compacted"]);
}

/// P-83: a reader of an older version, a tag on it, or a restore to it needs the SSTable.
#[test]
fn every_version_that_exists_must_have_the_rows() {
    let mut history = TableHistory::new(table(|_| ()));
    assert_eq!(states(&history), ["could_go", "could_go", "not_compacted"]);
    history.note(&older(5, 3));
    history.note(&older(7, 4));
    assert_eq!(states(&history), ["could_go", "could_go", "not_compacted"], "none is behind");
    history.note(&older(6, 2));
    assert_eq!(states(&history), ["could_go", "table_version_behind", "not_compacted"]);
    history.note(&older(3, 1));
    assert_eq!(states(&history), ["table_version_behind", "table_version_behind", "not_compacted"]);
    assert_eq!((history.versions(), history.lowest(), history.latest().version), (5, 3, 9));

    let behind = |compacted: u64, version| Compaction::TableVersionBehind {
        version,
        compacted: Some(Generation(compacted)),
        tags: BTreeSet::new(),
    };
    assert_eq!(
        [of(&history, 2), of(&history, 3)],
        [behind(1, 3), behind(2, 6)],
        "the highest that is behind"
    );
    history.note(&older(8, 1));
    assert_eq!([of(&history, 2), of(&history, 3)], [behind(1, 8), behind(1, 8)]);
}

#[test]
fn a_version_without_the_shard_or_without_a_mem_wal_has_nothing() {
    let without_shard = {
        let mut old = older(5, 3);
        old.mem_wal.as_mut().unwrap().compacted.clear();
        old
    };
    let without_mem_wal = {
        let mut old = older(5, 3);
        old.mem_wal = None;
        old
    };
    for old in [without_shard, without_mem_wal] {
        let mut history = TableHistory::new(table(|_| ()));
        assert!(!history.holds_everything());
        history.note(&old);
        assert!(history.holds_everything(), "no further version needs to be read");
        let said = of(&history, 1);
        assert_eq!((said.name(), said.table_version()), ("table_version_behind", Some(5)));
        assert_eq!(
            said.to_string(),
            "Version 5 of the table has nothing of this shard; a cleanup of old versions would let it go."
        );
    }
}

/// An operator must know what to remove: a cleanup passes over tagged versions.
#[test]
fn the_tags_of_a_version_that_is_behind_are_named() {
    let mut history = TableHistory::new(table(|_| ()));
    history.note(&older(5, 2));
    history.note_tag(5, "v1".to_owned());
    history.note_tag(5, "a\u{1b}[2J".to_owned());
    history.note_tag(9, "other".to_owned());
    let said = of(&history, 3).to_string();
    assert_eq!(
        said,
        r#"Version 5 of the table has this shard up to generation 2, and is kept by the tag "a\u{1b}[2J", "v1"."#
    );
    assert_eq!(of(&history, 2), Compaction::CouldGo);
}

/// A version that could not be read may lack any rows.
#[test]
fn an_unread_version_holds_everything() {
    let mut history = TableHistory::new(table(|_| ()));
    history.note_unread("_versions/4.manifest".to_owned());
    assert!(history.holds_everything());
    assert_eq!(states(&history), ["table_version_unread", "table_version_unread", "not_compacted"]);
}

/// Lance before 11.0.0 published such a version when it noted a compaction without rows.
#[test]
fn a_version_without_fragments_holds_everything() {
    assert_eq!(
        held(|table| table.has_fragments = false),
        [9, 5].map(|version| Compaction::TableWithoutFragments { version })
    );
}

#[test]
fn a_base_path_inside_a_mem_wal_holds_everything() {
    let path = "/t/_mem_wal/s/00000001_gen_1".to_owned();
    assert_eq!(
        held(|table| table.base_in_mem_wal = Some(path.clone())),
        [9, 5].map(|version| Compaction::TableBasePath { version, path: path.clone() })
    );
}

#[test]
fn a_column_of_blobs_holds_everything() {
    assert_eq!(
        held(|table| table.blob_column = Some("picture".to_owned())),
        [9, 5].map(|version| Compaction::TableHasBlobs { version, column: "picture".to_owned() })
    );
}

/// A late compactor of theirs got success though its marker was ignored; its rows stood under another one's.
#[test]
fn the_marker_of_an_early_lance_is_not_trusted() {
    for writer in [None, Some(lance("10.2.0")), Some(TableWriter::default())] {
        assert_eq!(
            held(|table| table.writer.clone_from(&writer)),
            [9, 5].map(|version| Compaction::MarkerNotTrusted { version, writer: writer.clone() })
        );
    }
    assert_eq!(
        held(|table| table.writer = Some(lance("11.0.0"))),
        [Compaction::CouldGo, Compaction::CouldGo]
    );
}

#[test]
fn names_of_indexes_are_printed_escaped() {
    let behind = Compaction::IndexBehind { index: "a\u{1b}[2J".to_owned(), caught_up: Some(Generation(1)) };
    assert!(behind.to_string().contains(r#""a\u{1b}[2J""#), "{behind}");
}
