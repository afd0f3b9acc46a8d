//! `cargo xtask tidy`: what formatter and compiler do not look at.

mod book;
mod hazards;
mod leftovers;
mod links;
mod size;
mod text;

use std::path::Path;

use crate::args::ReportArgs;
use crate::error::Result;
use crate::finding::Finding;
use crate::source::sources;
use crate::step::{Step, run_all};
use crate::tree::Tree;

pub(crate) fn run(root: &Path, report: ReportArgs) -> Result<bool> {
    run_all(vec![step(root)], report)
}

pub(crate) fn step(root: &Path) -> Step {
    let root = root.to_owned();
    Step::check("tidy", move || Ok(check(&Tree::load(&root)?)))
}

fn check(tree: &Tree) -> Vec<Finding> {
    let (sources, mut findings) = sources(tree);
    findings.extend(size::check(&sources, tree.text(size::RATCHET).unwrap_or_default()));
    findings.extend(leftovers::check(&sources));
    findings.extend(hazards::check(&sources));
    findings.extend(links::check(tree));
    findings.extend(book::check(tree));
    findings.extend(text::check(tree));
    findings
}
