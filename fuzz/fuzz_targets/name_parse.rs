//! Any text as a name; what is one is spelled in this one way only.

#![no_main]

use fencepost_format::{
    CursorDocument, CursorName, ShardId, ShardPaths, entry_name, manifest_name, parse_boundary_name,
    parse_entry_name, parse_lease_name, parse_manifest_name,
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Some(position) = parse_entry_name(text) {
        assert_eq!(entry_name(position), text);
    }
    if let Some(version) = parse_manifest_name(text) {
        assert_eq!(manifest_name(version), text);
    }
    let paths = ShardPaths::new("base", ShardId::default());
    if let Some(position) = parse_boundary_name(text) {
        assert_eq!(paths.boundary(position), format!("{}/{text}", paths.gc_dir()));
    }
    if let Some(epoch) = parse_lease_name(text) {
        assert_eq!(paths.lease(epoch), format!("{}/{text}", paths.lease_dir()));
    }
    if let Some(document) = CursorDocument::parse(text) {
        let name = CursorName::parse("name").unwrap();
        assert_eq!(paths.cursor(&name, &document), format!("{}/{text}", paths.cursor_dir(&name)));
    }
    if let Some((name, document)) = paths.parse_cursor(&format!("{}/{text}", paths.cursors_dir())) {
        assert_eq!(paths.cursor(&name, &document), format!("{}/{text}", paths.cursors_dir()));
    }
    if let Some(name) = CursorName::parse(text) {
        assert_eq!(name.as_str(), text);
    }
    if let Some(shard) = ShardId::parse(text) {
        assert_eq!(shard.to_string(), text);
    }
});
