//! What is recorded, and how far a count may be from it.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use snafu::ResultExt as _;
use toml_edit::DocumentMut;

use crate::error::{ReadSnafu, Result, TomlSnafu, WriteSnafu};
use crate::finding::Finding;

/// A file of recorded counts.
pub(super) struct Expected {
    pub(super) file: &'static str,
    /// What makes it anew, with `--bless`.
    pub(super) command: &'static str,
    /// How far a count of this name may be from what is recorded, as a part of it.
    pub(super) tolerance: fn(&str) -> f64,
}

/// Counts by their names, in sections.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Counts(BTreeMap<(String, String), i64>);

impl Counts {
    pub(super) fn parse(text: &str) -> Result<Self> {
        let document: DocumentMut = text.parse().context(TomlSnafu { path: "counts" })?;
        let mut counts = BTreeMap::new();
        for (section, table) in document.iter() {
            for (key, value) in table.as_table_like().into_iter().flat_map(|table| table.iter()) {
                if let Some(count) = value.as_integer() {
                    counts.insert((section.to_owned(), key.to_owned()), count);
                }
            }
        }
        Ok(Self(counts))
    }
}

impl Expected {
    /// Compares `counts`, which were printed as `text`, with what is recorded; or records them.
    pub(super) fn hold(&self, root: &Path, counts: &Counts, text: &str, bless: bool) -> Result<Vec<Finding>> {
        let path = root.join(self.file);
        if bless {
            let text = format!("# Recorded by `{} --bless`.\n\n{}\n", self.command, text.trim_end());
            fs::write(&path, text).context(WriteSnafu { path })?;
            return Ok(Vec::new());
        }
        let recorded = fs::read_to_string(&path).context(ReadSnafu { path: &path })?;
        let mut findings = self.differences(&Counts::parse(&recorded)?, counts);
        if !findings.is_empty() {
            let advice = format!("if that is meant, record it: {} --bless", self.command);
            findings.push(Finding::error("counts", advice));
        }
        Ok(findings)
    }

    fn differences(&self, recorded: &Counts, counts: &Counts) -> Vec<Finding> {
        let names: std::collections::BTreeSet<_> = recorded.0.keys().chain(counts.0.keys()).collect();
        let differences = names.into_iter().filter_map(|name| {
            let (section, key) = name;
            let message = match (recorded.0.get(name), counts.0.get(name)) {
                (Some(recorded), Some(count)) => {
                    let far = (count - recorded).abs() as f64 > *recorded as f64 * (self.tolerance)(key);
                    let change = 100.0 * (*count as f64 / *recorded as f64 - 1.0);
                    far.then(|| {
                        format!("{section}.{key} is {count}, recorded is {recorded} ({change:+.2} %)")
                    })?
                }
                (Some(_), None) => format!("{section}.{key} is recorded, and was not counted"),
                (None, _) => format!("{section}.{key} was counted, and is not recorded"),
            };
            Some(Finding::error("counts", message).at(self.file, None))
        });
        differences.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXACT_BUT_HEAP: Expected = Expected {
        file: "expected.toml",
        command: "count",
        tolerance: |key| if key == "heap" { 0.02 } else { 0.0 },
    };

    fn differences(recorded: &str, counted: &str) -> usize {
        let [recorded, counted] = [recorded, counted].map(|text| Counts::parse(text).unwrap());
        EXACT_BUT_HEAP.differences(&recorded, &counted).len()
    }

    #[test]
    fn a_count_may_be_as_far_off_as_its_name_allows() {
        let recorded = "[a]\nputs = 100 # one each\nheap = 1_000\n";
        assert_eq!(differences(recorded, recorded), 0);
        assert_eq!(differences(recorded, "[a]\nputs = 100\nheap = 1020\n"), 0);
        assert_eq!(differences(recorded, "[a]\nputs = 101\nheap = 979\n"), 2);
    }

    #[test]
    fn what_is_only_recorded_or_only_counted_is_told() {
        assert_eq!(differences("[a]\nputs = 1\n", "[b]\nputs = 1\n"), 2);
    }
}
