//! The files of the workspace as a value, so that checks can be tested on trees of three lines.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::{Component, Path, PathBuf};

use ignore::WalkBuilder;
use snafu::ResultExt as _;

use crate::error::{ReadSnafu, Result, WalkSnafu};

/// Every file that is not ignored, by its path relative to the root; text files with their content.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    files: BTreeMap<PathBuf, Option<String>>,
}

/// Where the workspace begins: the folder above this package.
pub(crate) fn workspace_root() -> PathBuf {
    let package = std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
    Path::new(&package).parent().expect("this package is a folder of the workspace").to_owned()
}

/// The paths of all files that are not ignored, relative to `root`, sorted. Works without git too.
pub(crate) fn list(root: &Path) -> Result<Vec<PathBuf>> {
    let walk = WalkBuilder::new(root)
        .hidden(false)
        .require_git(false)
        .git_global(false)
        .parents(false)
        .filter_entry(|entry| entry.file_name() != ".git")
        .build();
    let mut paths = Vec::new();
    for entry in walk {
        let entry = entry.context(WalkSnafu)?;
        if entry.file_type().is_some_and(|kind| kind.is_file()) {
            let path = entry.path().strip_prefix(root).expect("a walk stays below its root");
            paths.push(path.to_owned());
        }
    }
    paths.sort();
    Ok(paths)
}

impl Tree {
    pub(crate) fn load(root: &Path) -> Result<Self> {
        let mut files = BTreeMap::new();
        for path in list(root)? {
            let full = root.join(&path);
            let text = if is_text(&path) {
                let bytes = std::fs::read(&full).context(ReadSnafu { path: full })?;
                Some(String::from_utf8_lossy(&bytes).into_owned())
            } else {
                None
            };
            files.insert(path, text);
        }
        Ok(Self { files })
    }

    #[cfg(test)]
    pub(crate) fn from_files(files: &[(&str, &str)]) -> Self {
        let files = files.iter().map(|(path, text)| (path.into(), Some((*text).to_owned()))).collect();
        Self { files }
    }

    /// The text files, in the order of their paths.
    pub(crate) fn texts(&self) -> impl Iterator<Item = (&Path, &str)> {
        self.files.iter().filter_map(|(path, text)| Some((path.as_path(), text.as_deref()?)))
    }

    /// The text files with this extension.
    pub(crate) fn with_extension(&self, extension: &str) -> impl Iterator<Item = (&Path, &str)> {
        self.texts().filter(move |(path, _)| path.extension() == Some(OsStr::new(extension)))
    }

    pub(crate) fn text(&self, path: impl AsRef<Path>) -> Option<&str> {
        self.files.get(path.as_ref())?.as_deref()
    }

    /// Whether `path` is a file, or a folder with a file somewhere below it.
    pub(crate) fn exists(&self, path: &Path) -> bool {
        path.as_os_str().is_empty()
            || self.files.range(path.to_owned()..).next().is_some_and(|(next, _)| next.starts_with(path))
    }
}

/// Where `target`, written in the file `from`, points to; `None` if that is outside the workspace.
pub(crate) fn resolve(from: &Path, target: &str) -> Option<PathBuf> {
    let mut path = match target.strip_prefix('/') {
        Some(_) => PathBuf::new(),
        None => from.parent().unwrap_or_else(|| Path::new("")).to_owned(),
    };
    for component in Path::new(target.trim_start_matches('/')).components() {
        match component {
            Component::ParentDir => path.pop().then_some(())?,
            Component::Normal(name) => path.push(name),
            _ => {}
        }
    }
    Some(path)
}

/// Bytes written by other programs are kept as they are, whatever their extension.
fn is_text(path: &Path) -> bool {
    let kept_as_is = path.components().any(|c| c.as_os_str() == "testdata" || c.as_os_str() == "fixtures");
    let extension = path.extension().and_then(OsStr::to_str).unwrap_or("");
    let name = path.file_name().and_then(OsStr::to_str).unwrap_or("");
    !kept_as_is && (TEXT_EXTENSIONS.contains(&extension) || TEXT_NAMES.contains(&name))
}

const TEXT_EXTENSIONS: &[&str] = &["md", "proto", "py", "rs", "sh", "toml", "txt", "yaml", "yml"];
const TEXT_NAMES: &[&str] = &[".gitignore", "LICENSE-APACHE", "LICENSE-MIT", "run"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folder_exists_by_the_files_below_it() {
        let tree = Tree::from_files(&[("docs/a.md", ""), ("docs-b.md", "")]);
        assert!(tree.exists(Path::new("docs")));
        assert!(tree.exists(Path::new("docs/a.md")));
        assert!(!tree.exists(Path::new("doc")));
        assert!(!tree.exists(Path::new("docs/b.md")));
    }

    #[test]
    fn target_is_relative_to_the_file_that_names_it() {
        let from = Path::new("docs/rfcs/a.md");
        assert_eq!(resolve(from, "../b.md"), Some("docs/b.md".into()));
        assert_eq!(resolve(from, "/README.md"), Some("README.md".into()));
        assert_eq!(resolve(from, "../../../b.md"), None);
    }

    #[test]
    fn ignored_files_are_not_listed() {
        let dir = std::env::temp_dir().join(format!("xtask-tree-{}", std::process::id()));
        std::fs::create_dir_all(dir.join("target")).unwrap();
        std::fs::write(dir.join(".gitignore"), "/target\n").unwrap();
        std::fs::write(dir.join("target/x"), "").unwrap();
        std::fs::write(dir.join("a.rs"), "").unwrap();
        let listed = list(&dir);
        std::fs::remove_dir_all(&dir).unwrap();
        assert_eq!(listed.unwrap(), [PathBuf::from(".gitignore"), PathBuf::from("a.rs")]);
    }
}
