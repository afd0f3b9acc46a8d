//! Rules about tokens: debugging leftovers, silenced lints, skipped tests, names of tests, and no `async` in
//! the core.

use crate::finding::Finding;
use crate::source::{Attribute, Source};

const UNFINISHED: &[&str] = &["dbg", "todo", "unimplemented"];
const SANS_IO: &str = "crates/fencepost-fence/src";

pub(super) fn check(sources: &[Source]) -> Vec<Finding> {
    sources.iter().flat_map(check_one).collect()
}

fn check_one(source: &Source) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut error =
        |rule, line, message: String| findings.push(Finding::error(rule, message).at(&source.path, line));
    for called in source.macros.iter().filter(|m| UNFINISHED.contains(&m.name.as_str())) {
        error("unfinished", called.line, format!("`{}!` is not for keeps", called.name));
    }
    for attribute in &source.attributes {
        if let Some((rule, message)) = objection(attribute) {
            error(rule, attribute.line, message.to_owned());
        }
    }
    for test in source.tests.iter().filter(|test| test.name.starts_with("test_")) {
        error("test-name", test.line, format!("`{}`: name the fact, without `test_`", test.name));
    }
    if source.path.starts_with(SANS_IO) {
        for keyword in &source.asyncs {
            error(
                "sans-io",
                keyword.line,
                format!("`{}` in the core, which waits for nothing", keyword.name),
            );
        }
    }
    findings
}

fn objection(attribute: &Attribute) -> Option<(&'static str, &'static str)> {
    let words: Vec<&str> = attribute.words.iter().map(String::as_str).collect();
    // Under a condition, the attribute proper is somewhere behind it.
    let has = |word: &str| match words.first() {
        Some(&"cfg_attr") => words.contains(&word),
        first => first == Some(&word),
    };
    if has("allow") {
        Some(("allow", "use `#[expect(lint, reason = \"…\")]`, which tells when it is no longer needed"))
    } else if has("expect") && !words.contains(&"reason") {
        Some(("expect", "an exception needs its reason: `#[expect(lint, reason = \"…\")]`"))
    } else if has("ignore") {
        Some(("ignore", "a test that does not run proves nothing: make it run, or remove it"))
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn rules_at(path: &str, text: &str) -> Vec<(&'static str, Option<usize>)> {
        let source = Source::parse(Path::new(path), text).unwrap();
        check(&[source]).into_iter().map(|f| (f.rule, f.line)).collect()
    }

    fn rules(text: &str) -> Vec<(&'static str, Option<usize>)> {
        rules_at("src/a.rs", text)
    }

    #[test]
    fn unfinished_code_is_refused() {
        assert_eq!(rules("fn a() {\n    dbg!(1);\n}\n"), [("unfinished", Some(2))]);
        assert_eq!(rules("fn a() { todo!() }"), [("unfinished", Some(1))]);
        assert_eq!(rules("fn a() { unimplemented!(\"x\") }"), [("unfinished", Some(1))]);
    }

    #[test]
    fn silenced_lints_are_refused() {
        assert_eq!(rules("#[allow(dead_code)]\nfn a() {}"), [("allow", Some(1))]);
        assert_eq!(rules("#![allow(dead_code)]"), [("allow", Some(1))]);
        assert_eq!(rules("#[cfg_attr(unix, allow(dead_code))]\nfn a() {}"), [("allow", Some(1))]);
        assert_eq!(rules("#[expect(dead_code)]\nfn a() {}"), [("expect", Some(1))]);
        assert_eq!(rules("#[expect(dead_code, reason = \"x\")]\nfn a() {}"), []);
    }

    #[test]
    fn skipped_tests_are_refused() {
        assert_eq!(rules("#[test]\n#[ignore]\nfn a() {}"), [("ignore", Some(2))]);
        assert_eq!(rules("#[test]\n#[ignore = \"slow\"]\nfn a() {}"), [("ignore", Some(2))]);
        assert_eq!(rules("#[cfg_attr(miri, ignore)]\n#[test]\nfn a() {}"), [("ignore", Some(1))]);
    }

    #[test]
    fn tests_are_named_for_facts() {
        assert_eq!(rules("#[test]\nfn test_a() {}"), [("test-name", Some(2))]);
        assert_eq!(rules("fn test_a() {}"), []);
    }

    #[test]
    fn core_has_no_async() {
        assert_eq!(rules_at("crates/fencepost-fence/src/a.rs", "async fn a() {}"), [("sans-io", Some(1))]);
        assert_eq!(rules_at("crates/fencepost/src/a.rs", "async fn a() {}"), []);
    }
}
