//! Rule `hazard`: each hazard of the design has a test that carries its number, `h01_…` to `h25_…`.

use crate::finding::Finding;
use crate::source::Source;

const HAZARDS: std::ops::RangeInclusive<u32> = 1..=25;

pub(super) fn check(sources: &[Source]) -> Vec<Finding> {
    let missing = HAZARDS.filter(|number| !sources.iter().any(|source| covers(source, *number)));
    let finding =
        |number| Finding::error("hazard", format!("hazard {number} has no test named `h{number:02}_…`"));
    missing.map(finding).collect()
}

/// A test of that name, or any test in a file of that name, within `crates/*/tests` or `crates/*/src`.
fn covers(source: &Source, number: u32) -> bool {
    let prefix = format!("h{number:02}_");
    let file_is_named =
        source.path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(&prefix));
    let is_named = |test: &crate::source::Named| file_is_named || test.name.starts_with(&prefix);
    is_in_crate(source) && source.tests.iter().any(is_named)
}

fn is_in_crate(source: &Source) -> bool {
    let mut components = source.path.components().map(|c| c.as_os_str());
    components.next().is_some_and(|first| first == "crates")
        && components.nth(1).is_some_and(|folder| folder == "tests" || folder == "src")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn missing(path: &str, text: &str) -> Vec<String> {
        let source = Source::parse(Path::new(path), text).unwrap();
        check(&[source]).into_iter().map(|f| f.message).collect()
    }

    #[test]
    fn every_hazard_needs_a_test() {
        let text: String = HAZARDS.map(|n| format!("#[test]\nfn h{n:02}_fact() {{}}\n")).collect();
        assert_eq!(missing("crates/a/tests/it/hazards.rs", &text), [""; 0]);
        let text = text.replace("h07_fact", "h70_fact");
        assert_eq!(missing("crates/a/src/a.rs", &text), ["hazard 7 has no test named `h07_…`"]);
        assert_eq!(missing("benches/a.rs", &text).len(), 25);
    }

    #[test]
    fn file_can_carry_the_number_but_not_without_a_test() {
        let path = "crates/a/tests/it/hazards/h03_order.rs";
        assert_eq!(missing(path, "#[tokio::test]\nasync fn fact() {}").len(), 24);
        assert_eq!(missing(path, "fn h03_helper() {}").len(), 25);
    }
}
