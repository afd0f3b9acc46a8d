//! Rule `size`: a file that grows past 500 lines of code usually holds two ideas; past 800 it surely does.
//!
//! A file that is too long already can be listed in the ratchet, with its number of lines. It may then shrink
//! but not grow, and the list has to follow it downwards.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::finding::Finding;
use crate::source::Source;

pub(super) const RATCHET: &str = "xtask/tidy-ratchet.txt";

const RULE: &str = "size";
const LINES_WARN: usize = 500;
const LINES_MAX: usize = 800;

pub(super) fn check(sources: &[Source], ratchet: &str) -> Vec<Finding> {
    let (mut listed, mut findings) = parse(ratchet);
    for source in sources {
        let lines = source.code_lines();
        let entry = listed.remove(&source.path);
        let message = match entry {
            Some(max) if lines > max => {
                format!("{lines} lines of code; the ratchet allows {max}, and only fewer")
            }
            Some(_) if lines <= LINES_MAX => {
                format!("{lines} lines of code: short enough to leave the ratchet, so remove its entry")
            }
            Some(max) if lines < max => format!("{lines} lines of code: lower the ratchet from {max}"),
            Some(_) => continue,
            None if lines > LINES_MAX => format!("{lines} lines of code, more than {LINES_MAX}: split it"),
            None if lines > LINES_WARN => {
                let message = format!("{lines} lines of code: look for the second idea");
                findings.push(Finding::warning(RULE, message).at(&source.path, None));
                continue;
            }
            None => continue,
        };
        findings.push(Finding::error(RULE, message).at(&source.path, None));
    }
    for path in listed.keys() {
        let message = format!("{} is in the ratchet, but there is no such file", path.display());
        findings.push(Finding::error(RULE, message).at(RATCHET, None));
    }
    findings
}

/// Lines of `path lines`; empty lines and comments after `#` do not count.
fn parse(ratchet: &str) -> (BTreeMap<PathBuf, usize>, Vec<Finding>) {
    let mut listed = BTreeMap::new();
    let mut findings = Vec::new();
    for (index, line) in ratchet.lines().enumerate() {
        let line = line.split('#').next().unwrap_or_default().trim();
        if line.is_empty() {
            continue;
        }
        let entry =
            line.rsplit_once(' ').and_then(|(path, max)| Some((path.trim().into(), max.parse().ok()?)));
        match entry {
            Some((path, max)) => _ = listed.insert(path, max),
            None => findings.push(Finding::error(RULE, "expected `path lines`").at(RATCHET, index + 1)),
        }
    }
    (listed, findings)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn check_lines(lines: usize, ratchet: &str) -> Vec<Finding> {
        let source = Source::parse(Path::new("a.rs"), &"fn a() {}\n".repeat(lines)).unwrap();
        check(&[source], ratchet)
    }

    #[test]
    fn long_files_are_warned_about_and_too_long_ones_refused() {
        assert_eq!(check_lines(500, ""), []);
        assert!(!check_lines(501, "")[0].is_error());
        assert!(!check_lines(800, "")[0].is_error());
        assert!(check_lines(801, "")[0].is_error());
    }

    #[test]
    fn ratchet_lets_a_file_shrink_and_never_grow() {
        let ratchet = "# Why.\na.rs 900\n";
        assert_eq!(check_lines(900, ratchet), []);
        assert!(check_lines(901, ratchet)[0].message.contains("only fewer"));
        assert!(check_lines(899, ratchet)[0].message.contains("lower the ratchet"));
        assert!(check_lines(700, ratchet)[0].message.contains("remove its entry"));
    }

    #[test]
    fn ratchet_holds_no_nonsense() {
        assert!(check_lines(1, "b.rs 900")[0].message.contains("no such file"));
        assert!(check_lines(1, "a.rs many")[0].message.contains("expected"));
    }
}
