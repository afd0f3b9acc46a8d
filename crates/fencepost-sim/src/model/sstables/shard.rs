//! What a shard of Lance's is to these models: manifests and folders.

use std::collections::BTreeMap;

/// One manifest version.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Version {
    pub(super) epoch: u64,
    /// The generation that it gives next.
    pub(super) next: u64,
    /// The SSTables that it names: folder and generation.
    pub(super) sstables: Vec<(u8, u64)>,
}

/// The manifests by version, and the folders by number, each with its generation.
pub(super) struct Shard<'a> {
    pub(super) manifests: &'a BTreeMap<u64, Version>,
    pub(super) folders: &'a BTreeMap<u8, u64>,
}
