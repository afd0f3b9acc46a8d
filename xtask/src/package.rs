//! `cargo xtask package`: what has to be true before anything is published.
//!
//! Each published crate is packed, built from its tarball, and used by a program outside the workspace: the
//! example of its README, with the dependencies that the README names. Then each of its features alone, all
//! of them and none; the oldest compiler; other systems; licences. What needs something that is missing here
//! is passed over with a warning, and is an error where `CI` is set.

mod elsewhere;
mod readme;

use std::path::Path;

use cargo_metadata::{MetadataCommand, Package};
use snafu::{ResultExt as _, ensure};

use crate::args::PackageArgs;
use crate::error::{MetadataSnafu, Result, UnusableSnafu};
use crate::invocation::Invocation;
use crate::step::{Step, run_all};
use crate::stores::target;

pub(crate) fn run(root: &Path, args: &PackageArgs) -> Result<bool> {
    let metadata = MetadataCommand::new().no_deps().current_dir(root).exec().context(MetadataSnafu)?;
    let published: Vec<Package> = metadata.packages.into_iter().filter(is_published).collect();
    let oldest = published.iter().filter_map(|package| package.rust_version.clone()).min();
    let mut steps = vec![Step::run("tarballs", tarballs(root, &published))];
    steps.extend(readme::steps(root, &published));
    steps.extend(published.iter().flat_map(|package| features(root, package)));
    steps.extend(elsewhere::steps(root, oldest.as_ref()));
    if let Some(part) = &args.only {
        steps.retain(|step| step.name().contains(part.as_str()));
        ensure!(!steps.is_empty(), UnusableSnafu { message: format!("no step has `{part}` in its name") });
    }
    run_all(steps, args.report)
}

fn is_published(package: &Package) -> bool {
    package.publish.as_ref().is_none_or(|registries| !registries.is_empty())
}

/// Packs them all and builds each from its tarball; cargo finds the others among those that it has just packed.
fn tarballs(root: &Path, published: &[Package]) -> Invocation {
    let mut words = vec!["package".to_owned(), "--quiet".to_owned(), "--allow-dirty".to_owned()];
    words.extend(published.iter().flat_map(|package| ["-p".to_owned(), package.name.to_string()]));
    Invocation::cargo(root, words).with_env("CARGO_TARGET_DIR", target(root))
}

/// Each feature alone, none, and all: a feature that needs another without saying so shows only alone.
fn features(root: &Path, package: &Package) -> Vec<Step> {
    let own = package.features.keys().filter(|name| *name != "default").cloned();
    let mut sets: Vec<(String, Vec<String>)> = own
        .map(|name| (name.clone(), vec!["--no-default-features".into(), "--features".into(), name]))
        .collect();
    sets.push(("none".into(), vec!["--no-default-features".into()]));
    if package.features.len() > 1 {
        sets.push(("all".into(), vec!["--all-features".into()]));
    }
    let check = |(name, set): (String, Vec<String>)| {
        let words =
            ["check", "--quiet", "-p", package.name.as_str()].map(str::to_owned).into_iter().chain(set);
        Step::run(format!("{}, features: {name}", package.name), Invocation::cargo(root, words))
    };
    sets.into_iter().map(check).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_feature_is_checked_alone_and_with_all() {
        let root = crate::tree::workspace_root();
        let metadata = MetadataCommand::new().no_deps().current_dir(&root).exec().unwrap();
        let store =
            metadata.packages.iter().find(|package| package.name.as_str() == "fencepost-store").unwrap();
        let steps = features(&root, store);
        let names: Vec<&str> = steps.iter().map(Step::name).collect();
        for set in ["cloud", "metrics", "test-util", "none", "all"] {
            assert!(names.contains(&format!("fencepost-store, features: {set}").as_str()), "{names:?}");
        }
    }
}
