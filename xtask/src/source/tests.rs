use super::*;

fn parse(text: &str) -> Source {
    Source::parse(Path::new("src/a.rs"), text).unwrap()
}

fn names(named: &[Named]) -> Vec<(&str, usize)> {
    named.iter().map(|n| (n.name.as_str(), n.line)).collect()
}

#[test]
fn module_of_tests_is_not_code() {
    let source =
        parse("fn a() {}\n\n/// Doc.\n#[cfg(test)]\nmod tests {\n    #[test]\n    fn b() {}\n}\nfn c() {}\n");
    assert_eq!(source.code_lines(), 3);
    assert_eq!(names(&source.tests), [("b", 7)]);
    assert!(!source.is_test_line(1));
    assert!(source.is_test_line(3));
    assert!(source.is_test_line(8));
}

#[test]
fn code_for_everything_but_tests_is_code() {
    let source = parse("#[cfg(not(test))]\nfn a() {}\n#[cfg(any(test, feature = \"x\"))]\nfn b() {}\n");
    assert_eq!(source.code_lines(), 4);
    assert_eq!(parse("#[cfg(all(test, unix))]\nfn a() {}\n").code_lines(), 0);
    assert_eq!(parse("#![cfg(test)]\n\nfn a() {}\n").code_lines(), 0);
}

#[test]
fn tests_are_found_under_any_test_attribute_and_inside_macros() {
    let source = parse(
        "#[tokio::test(start_paused = true)]\nasync fn a() {}\n\
         proptest! {\n#[test]\nfn b(x in 0..3) {}\n}\nfn c() {}\n",
    );
    assert_eq!(names(&source.tests), [("a", 2), ("b", 5)]);
}

#[test]
fn comments_and_strings_hold_no_macros() {
    let source = parse("// dbg!(1)\nfn a() { let _ = \"todo!()\"; if todo != b { vec![dbg!(1)]; } }\n");
    assert_eq!(names(&source.macros), [("vec", 2), ("dbg", 2)]);
}

#[test]
fn attribute_is_its_words() {
    let source = parse("#[cfg_attr(unix, allow(dead_code, reason = \"x\"))]\nfn a() {}\n");
    assert_eq!(source.attributes[0].words, ["cfg_attr", "unix", "allow", "dead_code", "reason"]);
}

#[test]
fn module_declared_for_tests_is_a_test_file_with_all_below_it() {
    let tree = Tree::from_files(&[
        ("a/src/lib.rs", "#[cfg(test)]\nmod harness;\nmod code;\n"),
        ("a/src/harness.rs", "fn a() {}\n"),
        ("a/src/harness/clock.rs", "fn a() {}\n"),
        ("a/src/code.rs", "#[cfg(test)] mod model;"),
        ("a/src/code/model.rs", "fn a() {}\n"),
        ("a/src/code/tests.rs", "fn a() {}\n"),
        ("a/tests/it/main.rs", "fn a() {}\n"),
    ]);
    let (sources, findings) = sources(&tree);
    let tests: Vec<_> = sources.iter().filter(|s| s.is_test_file).map(|s| s.path.to_str().unwrap()).collect();
    assert_eq!(findings, []);
    assert_eq!(
        tests,
        [
            "a/src/code/model.rs",
            "a/src/code/tests.rs",
            "a/src/harness/clock.rs",
            "a/src/harness.rs",
            "a/tests/it/main.rs",
        ]
    );
}

#[test]
fn file_that_is_not_rust_is_a_finding() {
    let (sources, findings) = sources(&Tree::from_files(&[("a.rs", "fn a() {\n")]));
    assert!(sources.is_empty());
    assert!(findings[0].is_error());
}
