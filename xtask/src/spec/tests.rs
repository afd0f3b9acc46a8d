use super::*;

const PROTOCOL: &str = "# Protocol\n\n**P-1** First.\n\nText about P-1.\n\n### P-2 Second\n";
const FORMAT: &str = "**F-1** Bytes.\n";
const CODE: &str = "// P-1, P-2: obeyed. F-1 too.\nfn a() {}\n#[cfg(test)]\nmod tests {\n    // P-1\n}\n";
const TESTS: &str = "#[test]\nfn fact() { assert!(true, \"P-2 and F-1\"); }\n";

fn messages(files: &[(&str, &str)]) -> Vec<String> {
    check(&Tree::from_files(files)).iter().map(ToString::to_string).collect()
}

fn messages_with(protocol: &str, code: &str, tests: &str) -> Vec<String> {
    messages(&[
        ("docs/protocol.md", protocol),
        ("docs/format.md", FORMAT),
        ("crates/a/src/lib.rs", code),
        ("crates/a/tests/it.rs", tests),
    ])
}

#[test]
fn clauses_cited_in_code_and_test_are_fine() {
    assert_eq!(messages_with(PROTOCOL, CODE, TESTS), [""; 0]);
}

#[test]
fn clause_behind_its_anchor_is_defined() {
    let protocol = PROTOCOL.replace("**P-1**", "<a id=\"p-1\"></a>**P-1**");
    assert_eq!(messages_with(&protocol, CODE, TESTS), [""; 0]);
}

#[test]
fn anchor_of_another_clause_is_refused() {
    let protocol = PROTOCOL.replace("**P-1**", "<a id=\"p-2\"></a>**P-1**");
    assert_eq!(
        messages_with(&protocol, CODE, TESTS),
        ["error[anchor] docs/protocol.md:3: the anchor before P-1 is another's"]
    );
}

#[test]
fn clause_cited_in_no_code_is_refused() {
    let code = CODE.replace("P-1, P-2", "P-1");
    assert_eq!(
        messages_with(PROTOCOL, &code, TESTS),
        ["error[uncited] docs/protocol.md:7: P-2 is cited in no code"]
    );
}

#[test]
fn clause_cited_in_no_test_is_refused() {
    let tests = TESTS.replace("P-2", "");
    assert_eq!(
        messages_with(PROTOCOL, CODE, &tests),
        ["error[uncited] docs/protocol.md:7: P-2 is cited in no test"]
    );
}

#[test]
fn citation_of_an_unknown_clause_is_refused() {
    let tests = TESTS.replace("P-2", "P-2, P-21");
    assert_eq!(
        messages_with(PROTOCOL, CODE, &tests),
        ["error[dangling] crates/a/tests/it.rs:2: P-21 is cited, but not defined"]
    );
    let protocol = PROTOCOL.replace("about P-1", "about P-3");
    assert_eq!(
        messages_with(&protocol, CODE, TESTS),
        ["error[dangling] docs/protocol.md:5: P-3 is cited, but not defined"]
    );
}

#[test]
fn other_words_with_dashes_are_no_citations() {
    let code = CODE.replace("too.", "too. UTF-8, IP-9, SHA-P-.");
    assert_eq!(messages_with(PROTOCOL, &code, TESTS), [""; 0]);
}

#[test]
fn clause_is_defined_once() {
    let protocol = format!("{PROTOCOL}**P-1** Again.\n");
    assert_eq!(
        messages_with(&protocol, CODE, TESTS),
        ["error[twice] docs/protocol.md:8: P-1 is defined twice"]
    );
}

#[test]
fn page_without_clauses_is_refused() {
    let found = messages(&[("docs/protocol.md", "P-1 in passing.\n")]);
    assert!(
        found.contains(&"error[no-clauses]: docs/protocol.md defines no clause `P-…`".to_owned()),
        "{found:?}"
    );
    assert!(
        found.contains(&"error[no-clauses]: docs/format.md defines no clause `F-…`".to_owned()),
        "{found:?}"
    );
}

#[test]
fn models_count_as_tests_and_examples_as_neither() {
    let files = |path| {
        [
            ("docs/protocol.md", "**P-1** First.\n"),
            ("docs/format.md", FORMAT),
            ("crates/a/src/lib.rs", "// P-1, F-1\n"),
            ("crates/a/tests/it.rs", "// F-1\n"),
            (path, "// P-1\n"),
        ]
    };
    assert_eq!(messages(&files("crates/fencepost-sim/src/model.rs")), [""; 0]);
    assert_eq!(messages(&files("crates/a/examples/x.rs")).len(), 1);
}
