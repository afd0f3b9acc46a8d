//! The table in docs/cli.md.

use super::case::{Case, Text, Typed};
use std::fmt::Write;
use std::path::Path;

const BEGIN: &str =
    "<!-- What each format carries: made of the cases in crates/fencepost-cli/tests/it/matrix. -->\n";
const END: &str = "<!-- End of what each format carries. -->\n";

/// Fails if the page has another table; writes it if told to.
#[track_caller]
pub(super) fn check(flat: &[Case], nested: &[Case], odd: &[Case]) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/cli.md");
    let page = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = page.split_once(BEGIN).expect("the page has a place for the table");
    let (there, after) = rest.split_once(END).expect("the page has an end of the table");
    let table = table(flat, nested, odd);
    if there == table {
        return;
    }
    if std::env::var_os("FENCEPOST_BLESS").is_some() {
        std::fs::write(&path, format!("{before}{BEGIN}{table}{END}{after}")).unwrap();
        return;
    }
    panic!(
        "docs/cli.md has another table than the cases; FENCEPOST_BLESS=1 and this test write it anew:\n{table}"
    );
}

fn table(flat: &[Case], nested: &[Case], odd: &[Case]) -> String {
    let mut out = String::new();
    head(&mut out, "type");
    for case in flat.iter().chain(nested) {
        row(&mut out, case, 0);
    }
    out.push('\n');
    head(&mut out, "odd one");
    for case in odd {
        // Of several values the last is the odd one.
        row(&mut out, case, usize::MAX);
    }
    out
}

fn head(out: &mut String, first: &str) {
    writeln!(out, "| {first} | `ndjson` | `csv` | `parquet` | `arrow` |\n|---|---|---|---|---|").unwrap();
}

fn row(out: &mut String, case: &Case, value: usize) {
    let text = |text: &Text| match text {
        Text::Is(texts) => shown(&texts[value.min(texts.len() - 1)]),
        Text::Refused(_) => "refused".to_owned(),
    };
    let parquet = match &case.parquet {
        Typed::Same => "same".to_owned(),
        Typed::As(to) => format!("as {}", to.to_string().replace('|', "\\|")),
        Typed::Refused(_) => "refused".to_owned(),
    };
    let (ndjson, csv) = (text(&case.ndjson), text(&case.csv));
    writeln!(out, "| {} | {ndjson} | {csv} | {parquet} | same |", case.name).unwrap();
}

fn shown(text: &str) -> String {
    if text.is_empty() { "nothing".to_owned() } else { format!("`{}`", text.replace('|', "\\|")) }
}
