//! A copy of the workspace in `target/`, to be built with changes that the workspace itself must not see.
//!
//! Files are rewritten only if they differ: cargo goes by modification times, so a second run finds
//! everything built.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use snafu::ResultExt as _;

use crate::error::{ReadSnafu, Result, WriteSnafu};
use crate::tree;

/// Makes `copy` hold the files of `root` that are not ignored, and no others, each as `change` makes it.
pub(crate) fn mirror(
    root: &Path,
    copy: &Path,
    change: impl Fn(&Path, Vec<u8>) -> Result<Vec<u8>>,
) -> Result<()> {
    std::fs::create_dir_all(copy).context(WriteSnafu { path: copy })?;
    let wanted: BTreeSet<PathBuf> = tree::list(root)?.into_iter().collect();
    for path in &wanted {
        let from = root.join(path);
        let content = std::fs::read(&from).context(ReadSnafu { path: from })?;
        write_if_different(&copy.join(path), &change(path, content)?)?;
    }
    for path in tree::list(copy)?.into_iter().filter(|path| !wanted.contains(path)) {
        let path = copy.join(path);
        std::fs::remove_file(&path).context(WriteSnafu { path })?;
    }
    Ok(())
}

/// Writes `content` to `path`, with the folders above it, unless it is there already.
pub(crate) fn write_if_different(path: &Path, content: &[u8]) -> Result<()> {
    if std::fs::read(path).is_ok_and(|present| present == content) {
        return Ok(());
    }
    let folder = path.parent().unwrap_or(path);
    std::fs::create_dir_all(folder).context(WriteSnafu { path: folder })?;
    std::fs::write(path, content).context(WriteSnafu { path })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mirror_removes_what_is_gone_and_leaves_equal_files_alone() {
        let dir = std::env::temp_dir().join(format!("xtask-mirror-{}", std::process::id()));
        let (root, copy) = (dir.join("root"), dir.join("copy"));
        std::fs::create_dir_all(root.join("src")).unwrap();
        std::fs::write(root.join("src/a.rs"), "a").unwrap();
        std::fs::write(root.join("src/b.rs"), "b").unwrap();
        mirror(&root, &copy, |_, content| Ok(content)).unwrap();
        let modified = || std::fs::metadata(copy.join("src/a.rs")).unwrap().modified().unwrap();
        let before = modified();
        std::fs::remove_file(root.join("src/b.rs")).unwrap();
        mirror(&root, &copy, |_, content| Ok(content)).unwrap();
        let (after, left) = (modified(), tree::list(&copy).unwrap());
        std::fs::remove_dir_all(&dir).unwrap();
        assert_eq!(before, after);
        assert_eq!(left, [PathBuf::from("src/a.rs")]);
    }
}
