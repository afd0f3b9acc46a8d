//! `cargo xtask hosts`: engines of others that stand on a log of ours.
//!
//! Each folder below `hosts/` is a workspace of its own, with its own lock file: what an engine brings along would weigh
//! on everybody here. It is no step of `cargo xtask test`.

use std::path::Path;

use snafu::ensure;

use crate::args::HostsArgs;
use crate::error::{Result, UnusableSnafu};
use crate::invocation::Invocation;
use crate::step::{Step, run_all};
use crate::tree;

pub(crate) fn run(root: &Path, args: &HostsArgs) -> Result<bool> {
    let there = folders(root)?;
    let asked = if args.names.is_empty() { &there } else { &args.names };
    for name in asked {
        let message = format!("there is no hosts/{name}/Cargo.toml; there is: {}", there.join(", "));
        ensure!(there.contains(name), UnusableSnafu { message });
    }
    run_all(asked.iter().flat_map(|name| steps(root, name)).collect(), args.report)
}

fn steps(root: &Path, name: &str) -> [Step; 3] {
    let manifest = format!("hosts/{name}/Cargo.toml");
    let cargo = |words: &str| {
        let (words, flags) = words.split_once(" -- ").unwrap_or((words, ""));
        let flags = if flags.is_empty() {
            Vec::new()
        } else {
            [&["--"], &flags.split(' ').collect::<Vec<_>>()[..]].concat()
        };
        let words = words.split(' ').chain(["--manifest-path", &manifest]).chain(flags);
        Invocation::cargo(root, words).without_own_package()
    };
    [
        Step::run(format!("{name}: fmt"), cargo("fmt --all --check")),
        Step::run(
            format!("{name}: clippy"),
            cargo("clippy --quiet --locked --workspace --all-features --all-targets -- -D warnings"),
        ),
        Step::run_tests(
            format!("{name}: tests"),
            cargo("test --quiet --locked --workspace --all-features --no-fail-fast"),
        ),
    ]
}

/// The workspaces below `hosts/`, in order.
fn folders(root: &Path) -> Result<Vec<String>> {
    let hosts = root.join("hosts");
    ensure!(hosts.is_dir(), UnusableSnafu { message: "there is no folder hosts/ in this checkout" });
    let folder = |path: std::path::PathBuf| {
        let [name, "Cargo.toml"] =
            path.iter().map(|part| part.to_str().unwrap_or_default()).collect::<Vec<_>>()[..]
        else {
            return None;
        };
        Some(name.to_owned())
    };
    Ok(tree::list(&hosts)?.into_iter().filter_map(folder).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::ReportArgs;
    use std::fs;

    #[test]
    fn a_name_that_is_no_workspace_is_refused_and_those_that_are_there_are_told() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["one", "two/inner"] {
            fs::create_dir_all(dir.path().join("hosts").join(name)).unwrap();
            fs::write(dir.path().join("hosts").join(name).join("Cargo.toml"), "").unwrap();
        }
        fs::write(dir.path().join("hosts/two/Cargo.toml"), "").unwrap();
        assert_eq!(folders(dir.path()).unwrap(), ["one", "two"]);
        let args = HostsArgs { names: vec!["three".to_owned()], report: ReportArgs::default() };
        let error = run(dir.path(), &args).unwrap_err();
        assert!(error.to_string().ends_with("there is: one, two"), "{error}");
    }

    #[test]
    fn checkout_without_hosts_says_so() {
        let args = HostsArgs { names: Vec::new(), report: ReportArgs::default() };
        let error = run(Path::new("no-such-folder"), &args).unwrap_err();
        assert!(error.to_string().contains("no folder hosts/"), "{error}");
    }

    #[test]
    fn flags_of_clippy_come_after_the_manifest() {
        let [_, clippy, _] = steps(Path::new("."), "one");
        assert!(
            clippy.shown().ends_with("--manifest-path hosts/one/Cargo.toml -- -D warnings"),
            "{}",
            clippy.shown()
        );
    }
}
