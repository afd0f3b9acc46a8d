//! `cargo xtask layers`: crates point downwards only, and the core stays free of IO, clocks and randomness.
//!
//! Edges between our crates are read from the manifests. What a crate must never depend on is looked for in
//! all that it pulls in, by `cargo tree` with the crate alone selected: within the workspace, other members
//! would add features to it.

mod table;

use std::collections::BTreeSet;
use std::path::Path;

use cargo_metadata::semver::Version;
use cargo_metadata::{Dependency, DependencyKind, MetadataCommand, Package};
use snafu::ResultExt as _;

use self::table::{LAYERS, Layer, Ours};
use crate::args::ReportArgs;
use crate::error::{FailedSnafu, MetadataSnafu, Result};
use crate::finding::Finding;
use crate::invocation::Invocation;
use crate::step::{Step, run_all};

pub(crate) fn run(root: &Path, report: ReportArgs) -> Result<bool> {
    run_all(vec![step(root)], report)
}

pub(crate) fn step(root: &Path) -> Step {
    let root = root.to_owned();
    Step::check("layers", move || check(&root))
}

fn check(root: &Path) -> Result<Vec<Finding>> {
    let metadata = MetadataCommand::new().current_dir(root).exec().context(MetadataSnafu)?;
    let packages = metadata.workspace_packages();
    let members: BTreeSet<&str> = packages.iter().map(|p| p.name.as_str()).collect();
    let mut findings = check_members(&members);
    for layer in LAYERS {
        if let Some(package) = packages.iter().find(|p| p.name.as_str() == layer.name) {
            findings.extend(check_edges(layer, &members, package));
            findings.extend(check_never(root, layer)?);
        }
    }
    match packages.iter().filter_map(|p| p.rust_version.clone()).min() {
        Some(promised) => findings.extend(newer_than(&promised, &metadata.packages)),
        None => findings
            .push(Finding::error("rust-version", "no member of the workspace states its rust-version")),
    }
    Ok(findings)
}

/// The table and the workspace name the same crates.
fn check_members(present: &BTreeSet<&str>) -> Vec<Finding> {
    let expected: BTreeSet<&str> = LAYERS.iter().map(|layer| layer.name).collect();
    let unplaced =
        present.difference(&expected).map(|name| format!("{name} has no place in the table of layers"));
    let absent =
        expected.difference(present).map(|name| format!("{name} is in the table, but not in the workspace"));
    unplaced.chain(absent).map(|message| Finding::error("members", message)).collect()
}

fn check_edges(layer: &Layer, members: &BTreeSet<&str>, package: &Package) -> Vec<Finding> {
    let ours = package.dependencies.iter().filter(|d| members.contains(d.name.as_str()));
    let mut findings: Vec<Finding> = ours.filter_map(|d| objection(layer, d)).collect();
    let publishable = package.publish.as_ref().is_none_or(|registries| !registries.is_empty());
    if layer.private && publishable {
        findings.push(Finding::error("publish", format!("{} must say `publish = false`", layer.name)));
    }
    findings
}

fn objection(layer: &Layer, dependency: &Dependency) -> Option<Finding> {
    let (from, to) = (layer.name, dependency.name.as_str());
    if to == from {
        return None;
    }
    let allowed = match layer.ours {
        Ours::Any => true,
        Ours::Only(names) => {
            let for_tests = dependency.kind == DependencyKind::Development && layer.dev.contains(&to);
            names.contains(&to) || for_tests
        }
    };
    if !allowed {
        return Some(Finding::error("edge", format!("{from} must not depend on {to}")));
    }
    let brings_codec = dependency.uses_default_features || dependency.features.iter().any(|f| f == "codec");
    let is_normal = dependency.kind == DependencyKind::Normal;
    if layer.without_codec && to == "fencepost-format" && is_normal && brings_codec {
        return Some(Finding::error("edge", format!("{from} must depend on {to} without its codec")));
    }
    None
}

fn check_never(root: &Path, layer: &Layer) -> Result<Vec<Finding>> {
    if layer.never.is_empty() {
        return Ok(Vec::new());
    }
    let mut args = vec!["tree", "--quiet", "--package", layer.name, "--edges", "normal,build"];
    args.extend(["--prefix", "none", "--format", "{p}"]);
    args.push("--all-features");
    let tree = Invocation::cargo(root, args);
    let output = tree.capture()?;
    if !output.status.success() {
        let stderr = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        return FailedSnafu { command: tree.to_string(), stderr }.fail();
    }
    Ok(forbidden(layer, &String::from_utf8_lossy(&output.stdout)))
}

fn forbidden(layer: &Layer, tree: &str) -> Vec<Finding> {
    let names: BTreeSet<&str> = tree.lines().filter_map(|line| line.split_whitespace().next()).collect();
    let is_banned = |name: &&str| {
        layer
            .never
            .iter()
            .any(|ban| ban.strip_suffix('*').map_or(*name == *ban, |start| name.starts_with(start)))
    };
    let message = |name| format!("{} must never depend on {name}, not even through others", layer.name);
    names.into_iter().filter(is_banned).map(|name| Finding::error("never", message(name))).collect()
}

/// Packages that ask for a newer compiler than we promise to need.
fn newer_than(promised: &Version, packages: &[Package]) -> Vec<Finding> {
    let newer = packages.iter().filter_map(|package| {
        let needed = package.rust_version.as_ref().filter(|needed| *needed > promised)?;
        let message =
            format!("{} {} needs Rust {needed}, we promise {promised}", package.name, package.version);
        Some(Finding::error("rust-version", message))
    });
    newer.collect()
}

#[cfg(test)]
mod tests;
