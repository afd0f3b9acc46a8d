//! The other end of the arrow range: the workspace again, in a copy that is pinned to the oldest arrow allowed.
//!
//! `Cargo.lock` holds the newest arrow. The copy lives in `target/arrow-<major>/workspace` and has its own
//! lock file. It shares the build folder of the workspace: what does not depend on arrow is built already,
//! and a second run finds everything built.

use std::collections::BTreeSet;
use std::path::Path;

use cargo_metadata::MetadataCommand;
use snafu::ResultExt as _;
use toml_edit::{DocumentMut, Item, TableLike, value};

use crate::error::{MetadataSnafu, ReadSnafu, Result, TomlSnafu, UnusableSnafu};
use crate::finding::Finding;
use crate::invocation::Invocation;
use crate::step::Step;
use crate::test::repeatable;
use crate::{stores, tree};

/// Making the copy, and running in it the tests of the crates that touch arrow.
pub(crate) fn steps(root: &Path) -> Result<Vec<Step>> {
    let oldest = oldest(root)?;
    let folder = root.join(format!("target/arrow-{oldest}"));
    let copy = folder.join("workspace");
    let test = "test --quiet --all-features --no-fail-fast -p fencepost-format -p fencepost -p fencepost-cli";
    let test =
        Invocation::cargo(&copy, test.split_whitespace()).with_env("CARGO_TARGET_DIR", stores::target(root));
    let (root, name) = (root.to_owned(), format!("arrow {oldest}"));
    Ok(vec![
        Step::check(format!("{name}: copy and lock"), move || prepare(&root, &copy, oldest)),
        Step::run_tests(format!("{name}: tests"), repeatable(test)),
    ])
}

fn prepare(root: &Path, copy: &Path, oldest: u64) -> Result<Vec<Finding>> {
    mirror(root, copy)?;
    // Whatever the new requirements do not forbid stays as it is in the lock file of the workspace.
    let metadata = MetadataCommand::new().current_dir(copy).exec().context(MetadataSnafu)?;
    let arrow = metadata.packages.iter().filter(|package| is_arrow(&package.name));
    let other = arrow.filter(|package| package.version.major != oldest);
    Ok(other
        .map(|p| Finding::error("arrow", format!("the copy still has {} {}", p.name, p.version)))
        .collect())
}

/// The oldest arrow that the members of the workspace allow; all of them have to agree on it.
fn oldest(root: &Path) -> Result<u64> {
    let mut majors = BTreeSet::new();
    for path in tree::list(root)?.into_iter().filter(|path| is_member_manifest(path)) {
        majors.extend(pinned(&path, &read(&root.join(&path))?)?.1);
    }
    match majors.len() {
        1 => Ok(majors.into_iter().next().unwrap_or_default()),
        _ => UnusableSnafu { message: format!("expected one oldest arrow, found {majors:?}") }.fail(),
    }
}

/// Makes `copy` hold the files of `root` that are not ignored, and no others, with arrow pinned in the manifests.
fn mirror(root: &Path, copy: &Path) -> Result<()> {
    crate::mirror::mirror(root, copy, |path, content| {
        if !is_member_manifest(path) {
            return Ok(content);
        }
        let manifest = String::from_utf8_lossy(&content).into_owned();
        Ok(pinned(path, &manifest)?.0.into_bytes())
    })
}

/// The manifest with each arrow requirement `>=N, <M` pinned to `=N.0.0`, and the `N`s.
fn pinned(path: &Path, manifest: &str) -> Result<(String, BTreeSet<u64>)> {
    let mut manifest: DocumentMut = manifest.parse().context(TomlSnafu { path })?;
    let mut majors = BTreeSet::new();
    for table in dependency_tables(&mut manifest) {
        for (name, item) in table.iter_mut().filter(|(name, _)| is_arrow(name.get())) {
            // `workspace = true`: the requirement is in the manifest of the workspace.
            let Some(version) = version_of(item) else { continue };
            let Some(major) = version.as_str().and_then(oldest_major) else {
                let message =
                    format!("{}: {} needs a range `>=N, <M` as its version", path.display(), name.get());
                return UnusableSnafu { message }.fail();
            };
            *version = value(format!("={major}.0.0"));
            majors.insert(major);
        }
    }
    Ok((manifest.to_string(), majors))
}

fn dependency_tables(manifest: &mut DocumentMut) -> Vec<&mut dyn TableLike> {
    let mut tables = Vec::new();
    for (name, item) in manifest.iter_mut() {
        let item = match name.get() {
            "dependencies" | "dev-dependencies" | "build-dependencies" => Some(item),
            "workspace" => item.get_mut("dependencies"),
            _ => None,
        };
        tables.extend(item.and_then(Item::as_table_like_mut));
    }
    tables
}

fn version_of(dependency: &mut Item) -> Option<&mut Item> {
    if dependency.is_str() { Some(dependency) } else { dependency.as_table_like_mut()?.get_mut("version") }
}

fn oldest_major(requirement: &str) -> Option<u64> {
    let (oldest, _) = requirement.strip_prefix(">=")?.split_once(',')?;
    oldest.trim().parse().ok()
}

fn is_arrow(name: &str) -> bool {
    name == "arrow" || name.starts_with("arrow-") || name == "parquet"
}

/// Workspaces of their own choose their versions by themselves.
fn is_member_manifest(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name == "Cargo.toml")
        && !OTHER_WORKSPACES.iter().any(|folder| path.starts_with(folder))
}

const OTHER_WORKSPACES: &[&str] = &["fuzz", "hosts", "interop"];

fn read(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).context(ReadSnafu { path })
}

#[cfg(test)]
mod tests {
    use super::*;

    const MANIFEST: &str = "[workspace.dependencies]\n# Why.\narrow-ipc = { version = \">=58, <60\", optional = true }\n\
                            bytes = \"1\"\n[workspace.dependencies.parquet]\nversion = \">=58, <60\"\n";

    fn pin(manifest: &str) -> Result<(String, BTreeSet<u64>)> {
        pinned(Path::new("Cargo.toml"), manifest)
    }

    #[test]
    fn arrow_is_pinned_to_the_lower_end_and_nothing_else_changes() {
        let (pinned, majors) = pin(MANIFEST).unwrap();
        assert_eq!(majors, [58].into());
        assert_eq!(pinned, MANIFEST.replace(">=58, <60", "=58.0.0"));
    }

    #[test]
    fn requirements_of_members_are_pinned_too() {
        let member =
            "[dependencies]\narrow-array.workspace = true\n[dev-dependencies]\narrow-cast = \">=57, <60\"\n";
        let (pinned, majors) = pin(member).unwrap();
        assert_eq!(majors, [57].into());
        assert_eq!(pinned, member.replace(">=57, <60", "=57.0.0"));
    }

    #[test]
    fn requirement_that_is_no_range_is_refused() {
        let error = pin(&MANIFEST.replacen(">=58, <60", "58", 1)).unwrap_err();
        assert!(error.to_string().contains("arrow-ipc"), "{error}");
    }

    #[test]
    fn members_that_disagree_on_the_oldest_arrow_are_refused() {
        let dir = std::env::temp_dir().join(format!("xtask-oldest-{}", std::process::id()));
        std::fs::create_dir_all(dir.join("a")).unwrap();
        std::fs::write(dir.join("Cargo.toml"), MANIFEST).unwrap();
        std::fs::write(dir.join("a/Cargo.toml"), "[dependencies]\narrow = \">=58, <60\"\n").unwrap();
        let agreed = oldest(&dir);
        std::fs::write(dir.join("a/Cargo.toml"), "[dependencies]\narrow = \">=59, <60\"\n").unwrap();
        let disagreed = oldest(&dir);
        std::fs::remove_dir_all(&dir).unwrap();
        assert_eq!(agreed.unwrap(), 58);
        assert!(disagreed.is_err());
    }
}
