//! What came out as text goes in again, and comes out to the letter.

use super::case::Case;
use super::{Scratch, assert_same, flat, log_of, nested, run, run_with, tail};

/// Takes `text` through a log of its own.
fn again(text: &str, format: &str, append: &[&str], tail: &[&str]) -> String {
    let scratch = Scratch::new();
    let log = scratch.log();
    run_with(["append", &log, "--format", format].iter().chain(append), text.as_bytes()).ok();
    run(["tail", &log, "--format", format].iter().chain(tail)).ok().text()
}

#[test]
fn csv_goes_in_as_it_came_out() {
    let cases = flat::cases();
    let scratch = log_of(&Case::table(&cases.iter().collect::<Vec<_>>()));
    let text = tail(&scratch, "csv").ok().text();
    assert_same(&again(&text, "csv", &[], &[]), &text, "CSV, types told from the text");
    assert_same(&again(&text, "csv", &["--all-text"], &[]), &text, "CSV, all of it text");
    let named = run(["tail", &scratch.log(), "--format", "csv", "--null", "NULL"]).ok().text();
    let null = ["--null", "NULL"];
    assert_same(&again(&named, "csv", &null, &null), &named, "CSV, with a text for null");
}

/// But for what JSON has two texts for: `1.50` is read as a number, and says `1.5`; an object is read as a
/// struct, in which a missing key is null.
#[test]
fn ndjson_goes_in_as_it_came_out() {
    let (flat, nested) = (flat::cases(), nested::cases());
    let cases = flat
        .iter()
        .chain(&nested)
        .filter(|case| !["Decimal", "Map"].iter().any(|kind| case.name.contains(kind)));
    let scratch = log_of(&Case::table(&cases.collect::<Vec<_>>()));
    let text = tail(&scratch, "ndjson").ok().text();
    assert_same(&again(&text, "ndjson", &[], &[]), &text, "NDJSON");
}
