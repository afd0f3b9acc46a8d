//! Rules `link` and `unreachable`: links between pages lead somewhere, and every page is linked from somewhere.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use pulldown_cmark::{BrokenLink, CowStr, Event, LinkType, Options, Parser, Tag, TagEnd};

use crate::finding::Finding;
use crate::tree::{Tree, resolve};

/// Where a reader starts.
const ROOTS: &[&str] = &["README.md", "docs/README.md", "docs/SUMMARY.md", "docs/architecture.md"];

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings: Vec<Finding> =
        tree.with_extension("md").flat_map(|(path, text)| check_page(tree, path, text)).collect();
    let reached = reachable(tree);
    let pages = tree.with_extension("md").filter(|(path, _)| path.starts_with("docs"));
    for (path, _) in pages.filter(|(path, _)| !reached.contains(*path)) {
        findings
            .push(Finding::error("unreachable", "no way from README.md leads to this page").at(path, None));
    }
    findings
}

fn check_page(tree: &Tree, path: &Path, text: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    for link in links(text) {
        if let Some(message) = objection(tree, path, text, &link.target) {
            findings.push(Finding::error("link", message).at(path, link.line));
        }
    }
    findings
}

fn objection(tree: &Tree, path: &Path, text: &str, target: &str) -> Option<String> {
    if target.is_empty() {
        return Some("a reference without a definition".to_owned());
    }
    if is_elsewhere(target) {
        return None;
    }
    let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
    let Some(resolved) = (if file.is_empty() { Some(path.to_owned()) } else { resolve(path, file) }) else {
        return Some(format!("`{target}` leads out of the workspace"));
    };
    if !tree.exists(&resolved) {
        return Some(format!("`{target}`: there is no {}", resolved.display()));
    }
    let page = if file.is_empty() { Some(text) } else { tree.text(&resolved) };
    let is_page = resolved.extension().is_some_and(|e| e == "md");
    match page {
        Some(page) if is_page && !anchor.is_empty() && !anchors(page).contains(anchor) => {
            Some(format!("`{target}`: {} has no heading or anchor for `#{anchor}`", resolved.display()))
        }
        _ => None,
    }
}

/// The pages that can be reached from the roots by links, the roots that exist included.
fn reachable(tree: &Tree) -> BTreeSet<PathBuf> {
    let mut reached = BTreeSet::new();
    let mut queue: Vec<PathBuf> = ROOTS.iter().map(PathBuf::from).collect();
    while let Some(path) = queue.pop() {
        let Some(text) = tree.text(&path) else { continue };
        let targets = links(text).into_iter().filter(|link| !is_elsewhere(&link.target));
        let files =
            targets.filter_map(|link| resolve(&path, link.target.split('#').next().unwrap_or_default()));
        queue.extend(files.filter(|file| !reached.contains(file)));
        reached.insert(path);
    }
    reached
}

fn is_elsewhere(target: &str) -> bool {
    target.contains("://") || target.starts_with("mailto:")
}

struct Link {
    target: String,
    line: usize,
}

/// The targets of all links and images; an undefined reference has an empty target.
fn links(text: &str) -> Vec<Link> {
    // `[x]` alone is ordinary text; `[x][y]` and `[x][]` are meant as links, so an undefined one is kept as empty.
    let undefined = |broken: BrokenLink<'_>| match broken.link_type {
        LinkType::Reference | LinkType::Collapsed => Some((CowStr::from(""), CowStr::from(""))),
        _ => None,
    };
    let events = Parser::new_with_broken_link_callback(text, Options::ENABLE_TABLES, Some(undefined));
    let links = events.into_offset_iter().filter_map(|(event, range)| match event {
        Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
            let line = text[..range.start].matches('\n').count() + 1;
            Some(Link { target: dest_url.into_string(), line })
        }
        _ => None,
    });
    links.collect()
}

/// The anchors of the headings, made the way forges make them, and those that stand in the text (`<a
/// id="p-1"></a>`).
fn anchors(text: &str) -> BTreeSet<String> {
    let mut anchors = BTreeSet::new();
    let mut heading: Option<String> = None;
    for event in Parser::new_ext(text, Options::ENABLE_TABLES) {
        match event {
            Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
            Event::Text(words) | Event::Code(words) => {
                if let Some(heading) = &mut heading {
                    heading.push_str(&words);
                }
            }
            Event::InlineHtml(tag) => {
                let id = tag.strip_prefix("<a id=\"").and_then(|rest| rest.strip_suffix("\">"));
                anchors.extend(id.map(str::to_owned));
            }
            Event::End(TagEnd::Heading(_)) => {
                let base = slug(&heading.take().unwrap_or_default());
                let numbered = (1..).map(|n| format!("{base}-{n}"));
                let free = std::iter::once(base.clone()).chain(numbered).find(|a| !anchors.contains(a));
                anchors.extend(free);
            }
            _ => {}
        }
    }
    anchors
}

fn slug(heading: &str) -> String {
    let kept = heading.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.collect::<String>().to_lowercase().replace(' ', "-")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(files: &[(&str, &str)]) -> Vec<String> {
        check(&Tree::from_files(files)).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn links_that_lead_somewhere_are_fine() {
        let readme = "[a](docs/a.md#what-it-is-not) [b](docs/) ![c](https://example.org/x.png) [d][d] [e](docs/a.md#p-1)\n\n[d]: #top\n\n# Top\n";
        let page = "# A\n\n## What it is *not*?\n\n[back](../README.md) `[no](link.md)` [plain text]\n\n<a id=\"p-1\"></a>**P-1** A clause.\n";
        assert_eq!(messages(&[("README.md", readme), ("docs/a.md", page)]), [""; 0]);
    }

    #[test]
    fn links_that_lead_nowhere_are_refused() {
        assert_eq!(
            messages(&[("README.md", "text\n\n[a](b.md) [x][y] [up](../c.md) [t](#no)\n")]),
            [
                "error[link] README.md:3: `b.md`: there is no b.md",
                "error[link] README.md:3: a reference without a definition",
                "error[link] README.md:3: `../c.md` leads out of the workspace",
                "error[link] README.md:3: `#no`: README.md has no heading or anchor for `#no`",
            ]
        );
    }

    #[test]
    fn page_that_nobody_links_is_refused() {
        let files = [
            ("README.md", "[a](docs/a.md)"),
            ("docs/a.md", "[b](b.md)"),
            ("docs/b.md", ""),
            ("docs/c.md", ""),
        ];
        assert_eq!(
            messages(&files),
            ["error[unreachable] docs/c.md: no way from README.md leads to this page"]
        );
    }

    #[test]
    fn equal_headings_get_numbered_anchors() {
        let anchors = anchors("# A b\n\n# A b\n\n# `code`_x\n");
        assert_eq!(anchors.into_iter().collect::<Vec<_>>(), ["a-b", "a-b-1", "code_x"]);
    }
}
