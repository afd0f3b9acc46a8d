//! Rules `whitespace` and `path`: about the lines of any text file.

use std::path::Path;

use regex::Regex;

use crate::finding::Finding;
use crate::tree::Tree;

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let private = private_path();
    tree.texts().flat_map(|(path, text)| check_file(path, text, &private)).collect()
}

fn check_file(path: &Path, text: &str, private: &Regex) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (index, line) in text.lines().enumerate() {
        if line.ends_with([' ', '\t']) {
            findings.push(Finding::error("whitespace", "blanks at the end of the line").at(path, index + 1));
        }
        if let Some(found) = private.find(line) {
            let message = format!("`{}` is a path of one machine", found.as_str());
            findings.push(Finding::error("path", message).at(path, index + 1));
        }
    }
    if !text.is_empty() && !text.ends_with('\n') {
        findings.push(Finding::error("whitespace", "no line break at the end of the file").at(path, None));
    }
    findings
}

/// Folders that exist on one machine only. `\B` keeps `src/home/` out: nothing wordlike stands before the slash.
fn private_path() -> Regex {
    Regex::new(r"\B/(?:root|home|work)/").expect("the pattern is constant and valid")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(text: &str) -> Vec<(&'static str, Option<usize>)> {
        check(&Tree::from_files(&[("a.md", text)])).into_iter().map(|f| (f.rule, f.line)).collect()
    }

    #[test]
    fn blanks_at_line_ends_are_refused() {
        assert_eq!(rules("a\n\nb \nc\t\n"), [("whitespace", Some(3)), ("whitespace", Some(4))]);
        assert_eq!(rules("a"), [("whitespace", None)]);
        assert_eq!(rules(""), []);
    }

    #[test]
    fn paths_of_one_machine_are_refused() {
        for folder in ["root", "home", "work"] {
            assert_eq!(rules(&format!("see /{folder}/x\n")), [("path", Some(1))]);
            assert_eq!(rules(&format!("`file:///{folder}/x`\n")), [("path", Some(1))]);
            assert_eq!(rules(&format!("src/{folder}/x, /net{folder}/x, /{folder}s/x\n")), []);
        }
    }
}
