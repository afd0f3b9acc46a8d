//! Rule `book`: every page of `docs/` is in the summary of the mdBook and in `fencepost::book`, and its links
//! lead somewhere in both.
//!
//! Rustdoc resolves the links that `links.md` defines; one that it does not define would be a dead one there,
//! and rustdoc would not say so.

use std::path::Path;

use pulldown_cmark::{Event, LinkType, Options, Parser, Tag};

use crate::finding::Finding;
use crate::tree::Tree;

const SUMMARY: &str = "docs/SUMMARY.md";
const MODULE: &str = "crates/fencepost/src/book.rs";
const LINKS: &str = "crates/fencepost/src/book/links.md";

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let (Some(summary), Some(module), Some(links)) =
        (tree.text(SUMMARY), tree.text(MODULE), tree.text(LINKS))
    else {
        return Vec::new();
    };
    let mut findings = Vec::new();
    for (path, text) in tree.with_extension("md").filter(|(path, _)| is_page(path)) {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if !summary.contains(&format!("]({name})")) {
            findings.push(Finding::error("book", format!("not in {SUMMARY}")).at(path, None));
        }
        if !module.contains(&format!("{name}\"")) {
            findings.push(Finding::error("book", format!("not in {MODULE}")).at(path, None));
        }
        findings.extend(
            objections(text, links)
                .into_iter()
                .map(|(line, message)| Finding::error("book", message).at(path, line)),
        );
    }
    findings
}

fn is_page(path: &Path) -> bool {
    path.parent() == Some(Path::new("docs")) && path != Path::new(SUMMARY)
}

/// Links to other pages that rustdoc would not resolve, each with its line.
fn objections(page: &str, links: &str) -> Vec<(usize, String)> {
    let events = Parser::new_ext(page, Options::ENABLE_TABLES).into_offset_iter();
    let objections = events.filter_map(|(event, range)| {
        let Event::Start(Tag::Link { link_type, dest_url, .. }) = event else { return None };
        if dest_url.contains("://") || dest_url.starts_with('#') {
            return None;
        }
        let line = page[..range.start].matches('\n').count() + 1;
        let is_reference = !matches!(link_type, LinkType::Inline);
        let is_defined = links.lines().any(|line| line.starts_with(&format!("[{dest_url}]: ")));
        match (is_reference, is_defined) {
            (false, _) => Some((
                line,
                format!("write `[text][{dest_url}]`, and `[{dest_url}]: {dest_url}` at the page's end"),
            )),
            (true, false) => Some((line, format!("{LINKS} does not define `[{dest_url}]`"))),
            (true, true) => None,
        }
    });
    objections.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(page: &str) -> Vec<String> {
        let tree = Tree::from_files(&[
            ("docs/a.md", page),
            (SUMMARY, "[A](a.md)\n"),
            (MODULE, "pages! { a \"a.md\" }"),
            (LINKS, "[b.md]: crate::book::b\n"),
        ]);
        check(&tree).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn links_between_pages_are_references_that_rustdoc_knows() {
        assert_eq!(
            found("[b.md], [text][b.md], [here](#x), [there](https://x.org)\n\n[b.md]: b.md\n"),
            [""; 0]
        );
        assert!(found("[text](b.md)\n")[0].contains("write `[text][b.md]`"));
        assert!(found("[c.md]\n\n[c.md]: c.md\n")[0].contains("does not define"));
    }

    #[test]
    fn page_that_is_in_no_book_is_found() {
        let tree = Tree::from_files(&[("docs/a.md", ""), (SUMMARY, ""), (MODULE, ""), (LINKS, "")]);
        assert_eq!(check(&tree).len(), 2);
    }
}
