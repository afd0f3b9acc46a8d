//! `cargo xtask spec`: every numbered clause is cited where the code obeys it, and in a test that would notice.
//!
//! A clause is defined where a line begins with `**P-…**`, or with a heading of that name. An anchor (`<a
//! id="p-1"></a>`) may stand before it, so that links lead to the clause; it must be that clause's. Citations
//! are looked for in the Rust sources below `crates/`, in code, comments and strings alike.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::{Path, PathBuf};

use regex::Regex;

use crate::args::ReportArgs;
use crate::error::Result;
use crate::finding::Finding;
use crate::source::{Source, sources};
use crate::step::{Step, run_all};
use crate::tree::Tree;

/// The letter of the clauses, and the page that defines them.
const PAGES: &[(char, &str)] = &[('P', "docs/protocol.md"), ('F', "docs/format.md")];

/// Models and simulations are tests, wherever their files lie.
const TEST_CRATE: &str = "crates/fencepost-sim";

pub(crate) fn run(root: &Path, report: ReportArgs) -> Result<bool> {
    run_all(vec![step(root)], report)
}

pub(crate) fn step(root: &Path) -> Step {
    let root = root.to_owned();
    Step::check("spec", move || Ok(check(&Tree::load(&root)?)))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Clause {
    letter: char,
    number: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    Code,
    Test,
    /// Pages, and examples that neither obey nor check: their citations only have to exist.
    Prose,
}

#[derive(Debug)]
struct Citation {
    clause: Clause,
    role: Role,
    path: PathBuf,
    line: usize,
}

fn check(tree: &Tree) -> Vec<Finding> {
    let (sources, mut findings) = sources(tree);
    let (defined, problems) = definitions(tree);
    findings.extend(problems);
    let citations: Vec<Citation> = citations(tree, &sources);
    for citation in citations.iter().filter(|c| !defined.contains_key(&c.clause)) {
        let message = format!("{} is cited, but not defined", citation.clause);
        findings.push(Finding::error("dangling", message).at(&citation.path, citation.line));
    }
    for (role, name) in [(Role::Code, "code"), (Role::Test, "test")] {
        let cited: BTreeSet<Clause> = citations.iter().filter(|c| c.role == role).map(|c| c.clause).collect();
        for (clause, (page, line)) in defined.iter().filter(|(clause, _)| !cited.contains(clause)) {
            let message = format!("{clause} is cited in no {name}");
            findings.push(Finding::error("uncited", message).at(*page, *line));
        }
    }
    findings
}

/// Each clause with the page and line that define it.
fn definitions(tree: &Tree) -> (BTreeMap<Clause, (&'static str, usize)>, Vec<Finding>) {
    let pattern = Regex::new(r#"^(?:<a id="([a-z0-9-]*)"></a>)?(?:\*\*|#{1,6} +)([A-Z])-([0-9]+)\b"#)
        .expect("the pattern is constant and valid");
    let mut defined = BTreeMap::new();
    let mut findings = Vec::new();
    for &(letter, page) in PAGES {
        for (index, line) in tree.text(page).unwrap_or_default().lines().enumerate() {
            let Some(captured) = pattern.captures(line) else { continue };
            let Some(clause) = Clause::parse(&captured[2], &captured[3]) else { continue };
            if clause.letter != letter {
                continue;
            }
            if captured.get(1).is_some_and(|anchor| anchor.as_str() != clause.to_string().to_lowercase()) {
                let message = format!("the anchor before {clause} is another's");
                findings.push(Finding::error("anchor", message).at(page, index + 1));
            }
            if defined.insert(clause, (page, index + 1)).is_some() {
                findings
                    .push(Finding::error("twice", format!("{clause} is defined twice")).at(page, index + 1));
            }
        }
        if !defined.keys().any(|clause| clause.letter == letter) {
            let message = format!("{page} defines no clause `{letter}-…`");
            findings.push(Finding::error("no-clauses", message));
        }
    }
    (defined, findings)
}

fn citations(tree: &Tree, sources: &[Source]) -> Vec<Citation> {
    let letters: String = PAGES.iter().map(|(letter, _)| letter).collect();
    let pattern = format!(r"\b([{letters}])-([0-9]+)\b");
    let pattern = Regex::new(&pattern).expect("the pattern is made of letters");
    let mut citations = Vec::new();
    let mut collect = |path: &Path, role: &dyn Fn(usize) -> Role| {
        for (index, text) in tree.text(path).unwrap_or_default().lines().enumerate() {
            let clauses = pattern.captures_iter(text).filter_map(|c| Clause::parse(&c[1], &c[2]));
            let (path, line, role) = (path.to_owned(), index + 1, role(index + 1));
            citations.extend(clauses.map(|clause| Citation { clause, role, path: path.clone(), line }));
        }
    };
    for source in sources.iter().filter(|source| source.path.starts_with("crates")) {
        collect(&source.path, &|line| role(source, line));
    }
    for (path, _) in tree.with_extension("md").filter(|(path, _)| path.starts_with("docs")) {
        collect(path, &|_| Role::Prose);
    }
    citations
}

fn role(source: &Source, line: usize) -> Role {
    let in_folder = |name: &str| source.path.components().nth(2).is_some_and(|c| c.as_os_str() == name);
    if source.is_test_line(line) || source.path.starts_with(TEST_CRATE) {
        Role::Test
    } else if in_folder("src") {
        Role::Code
    } else {
        Role::Prose
    }
}

impl Clause {
    fn parse(letter: &str, number: &str) -> Option<Self> {
        Some(Self { letter: letter.chars().next()?, number: number.parse().ok()? })
    }
}

impl fmt::Display for Clause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.letter, self.number)
    }
}

#[cfg(test)]
mod tests;
