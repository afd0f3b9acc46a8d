//! Whether a local store flushes what it writes.
//!
//! No request shows it: until the power fails, a store that flushes and one that does not behave alike. So
//! this looks at the store itself. Directories that this crate opened are always flushed. Of a
//! `LocalFileSystem` that was handed in, also inside of other stores, its debug text tells; a test sees to it
//! that it still does.

use super::bench::{Bench, Found};
use super::report::Seen;
use fencepost_store::Backend;

pub(super) fn flushes(bench: Bench<'_>) -> Found {
    Ok(match bench.store().backend() {
        Backend::Local => Seen::passed(
            "files and their directories are flushed before a write is acknowledged; it cannot be seen whether the disk really keeps them",
        ),
        Backend::Memory => Seen::not_applicable("memory is lost when its process ends"),
        Backend::Other => judge(&format!("{:?}", bench.store().beneath())),
        _ => Seen::not_applicable("what a store does before it answers cannot be seen from outside"),
    })
}

fn judge(debug: &str) -> Seen {
    let Some((_, local)) = debug.split_once("LocalFileSystem {") else {
        return Seen::not_applicable("as far as is known, it is not a local directory");
    };
    let (flushed, not) = (local.contains("fsync: true"), local.contains("fsync: false"));
    match (flushed, not) {
        (_, true) => Seen::failed(
            "a local directory whose writes are not flushed (`with_fsync(true)` is missing)",
            "after a power loss acknowledged rows may be gone; open the directory by its path",
        ),
        (true, false) => Seen::warning(
            "a local directory that flushes its writes, but not directories that another process created",
            "after a power loss a shard that was just created may be gone; open the directory by its path",
        ),
        (false, false) => Seen::unknown("a local directory that does not tell whether it flushes its writes"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Outcome;
    use object_store::limit::LimitStore;
    use object_store::local::LocalFileSystem;
    use object_store::memory::InMemory;

    /// Should a later `object_store` no longer show its setting, this fails, and something else must be found.
    #[test]
    fn the_debug_text_of_a_local_store_tells_whether_it_flushes() {
        for (fsync, expected) in [(false, Outcome::Failed), (true, Outcome::Warning)] {
            let store = LocalFileSystem::new().with_fsync(fsync);
            assert_eq!(judge(&format!("{store:?}")).outcome, expected);
            assert_eq!(
                judge(&format!("{:?}", LimitStore::new(store, 4))).outcome,
                expected,
                "inside of another"
            );
        }
        assert_eq!(judge(&format!("{:?}", InMemory::new())).outcome, Outcome::NotApplicable);
        assert_eq!(judge("LocalFileSystem { config: .. }").outcome, Outcome::Unknown);
    }
}
