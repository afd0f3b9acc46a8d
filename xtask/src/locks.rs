//! Each workspace of this repository has a lock file that fits its manifests.
//!
//! `fuzz`, `interop` and others are workspaces of their own and depend on our crates by path. A dependency that one
//! of our crates gains or loses makes their lock files stale, and whoever runs them with `--locked` is refused. No
//! build of the workspace notices.

use std::path::{Path, PathBuf};

use crate::error::Result;
use crate::finding::Finding;
use crate::invocation::Invocation;
use crate::step::Step;
use crate::tree;

pub(crate) fn step(root: &Path) -> Step {
    let root = root.to_owned();
    Step::check("lock files", move || check(&root, &tree::list(&root)?))
}

fn check(root: &Path, files: &[PathBuf]) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for lock in files.iter().filter(|path| path.file_name().is_some_and(|name| name == "Cargo.lock")) {
        let manifest = lock.with_file_name("Cargo.toml");
        // Updates nothing but the members, and those not either: it only says whether it would.
        let words = ["update", "--quiet", "--workspace", "--locked", "--manifest-path"].map(str::to_owned);
        let update = Invocation::cargo(root, words.into_iter().chain([manifest.display().to_string()]));
        let output = update.without_own_package().capture()?;
        if !output.status.success() {
            let why = String::from_utf8_lossy(&output.stderr);
            let first = why.lines().next().unwrap_or_default();
            let message =
                format!("`cargo metadata --manifest-path {}` mends it: {first}", manifest.display());
            findings.push(Finding::error("lock", message).at(lock, None));
        }
    }
    Ok(findings)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_lock_file_that_lacks_a_dependency_is_found() {
        let dir = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| fs::write(dir.path().join(name), text).unwrap();
        for name in ["one/src", "two/src"] {
            fs::create_dir_all(dir.path().join(name)).unwrap();
            write(&format!("{name}/lib.rs"), "");
        }
        write("two/Cargo.toml", "[package]\nname = \"two\"\nversion = \"0.1.0\"\n[workspace]\n");
        let manifest = "[package]\nname = \"one\"\nversion = \"0.1.0\"\n[workspace]\n";
        write("one/Cargo.toml", &format!("{manifest}[dependencies]\ntwo = {{ path = \"../two\" }}\n"));
        let locked = |dependencies: &str| {
            let package = "[[package]]\nversion = \"0.1.0\"\nname =";
            write(
                "one/Cargo.lock",
                &format!("version = 4\n{package} \"one\"\n{dependencies}\n{package} \"two\"\n"),
            );
            check(dir.path(), &[PathBuf::from("one/Cargo.lock"), PathBuf::from("one/Cargo.toml")]).unwrap()
        };
        assert_eq!(locked("dependencies = [\"two\"]"), []);
        assert!(matches!(&locked("")[..], [finding] if finding.is_error()));
    }
}
