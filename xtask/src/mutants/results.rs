//! What cargo-mutants left behind, and the table made of it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use comfy_table::{Table, presets};
use serde::{Deserialize, Serialize};
use snafu::ResultExt as _;

use crate::error::{ReadSnafu, Result, UnusableSnafu};
use crate::mirror::write_if_different;

/// What one stage of one part found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) caught: Vec<String>,
    pub(crate) missed: Vec<String>,
    pub(crate) timed_out: Vec<String>,
    pub(crate) unviable: Vec<String>,
}

/// The part of `outcomes.json` that matters here.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Outcomes {
    outcomes: Vec<Outcome>,
    end_time: Option<String>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Outcome {
    summary: String,
    scenario: serde_json::Value,
}

/// What is in `folder`, or `None` if the stage did not come to its end.
pub(crate) fn read(folder: &Path) -> Result<Option<Found>> {
    let path = folder.join("mutants.out/outcomes.json");
    if !path.is_file() {
        return Ok(None);
    }
    let text = std::fs::read_to_string(&path).context(ReadSnafu { path: &path })?;
    let Ok(outcomes) = serde_json::from_str::<Outcomes>(&text) else {
        let message = format!("{} is not what cargo-mutants writes; delete its folder", path.display());
        return UnusableSnafu { message }.fail();
    };
    Ok(outcomes.end_time.is_some().then(|| sorted(&outcomes.outcomes)))
}

/// Notes a stage that had nothing to try as done.
pub(crate) fn write_empty(folder: &Path) -> Result<()> {
    let nothing = Outcomes { outcomes: Vec::new(), end_time: Some("nothing was left to try".to_owned()) };
    let text = serde_json::to_string(&nothing).expect("an empty list has a JSON form");
    write_if_different(&folder.join("mutants.out/outcomes.json"), text.as_bytes())
}

fn sorted(outcomes: &[Outcome]) -> Found {
    let mut found = Found::default();
    for outcome in outcomes {
        // The baseline is a scenario without a mutant.
        let Some(name) = outcome.scenario.pointer("/Mutant/name").and_then(serde_json::Value::as_str) else {
            continue;
        };
        let into = match outcome.summary.as_str() {
            "CaughtMutant" => &mut found.caught,
            "Timeout" => &mut found.timed_out,
            "Unviable" => &mut found.unviable,
            // `Failure` is a change that could not be tried: until somebody looked, it counts as not noticed.
            _ => &mut found.missed,
        };
        into.push(name.to_owned());
    }
    found
}

/// The sum over all parts that are done.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally {
    /// Per stage: how many were noticed by it.
    caught: Vec<usize>,
    timed_out: usize,
    unviable: usize,
    survivors: Vec<String>,
    parts: usize,
}

impl Tally {
    /// Adds the stages of one part.
    pub(crate) fn add(&mut self, stages: Vec<Found>) {
        self.caught.resize(self.caught.len().max(stages.len()), 0);
        for (caught, found) in self.caught.iter_mut().zip(&stages) {
            *caught += found.caught.len();
            self.timed_out += found.timed_out.len();
            self.unviable += found.unviable.len();
        }
        self.survivors.extend(stages.into_iter().next_back().unwrap_or_default().missed);
        self.parts += 1;
    }

    /// What no stage noticed.
    pub(crate) fn survivors(&self) -> &[String] {
        &self.survivors
    }
}

/// The table, the survivors by file, and what was not tried.
pub(crate) fn text(package: &str, tally: &Tally, left: &[u32], shards: u32) -> String {
    let mut table = Table::new();
    table.load_preset(presets::ASCII_MARKDOWN);
    table.set_header([
        "crate",
        "caught by tests",
        "by seeds",
        "by models",
        "timed out",
        "do not compile",
        "survive",
    ]);
    let caught = |stage: usize| tally.caught.get(stage).map_or_else(String::new, usize::to_string);
    table.add_row([
        package.to_owned(),
        caught(0),
        caught(1),
        caught(2),
        tally.timed_out.to_string(),
        tally.unviable.to_string(),
        tally.survivors.len().to_string(),
    ]);
    let mut text = format!("{table}\n\n{} of {shards} parts are done", tally.parts);
    if !left.is_empty() {
        let _ = write!(text, "; not done: {left:?}");
    }
    text.push('\n');
    let mut by_file: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for survivor in &tally.survivors {
        by_file.entry(survivor.split(':').next().unwrap_or_default()).or_default().push(survivor);
    }
    for survivors in by_file.values() {
        for survivor in survivors {
            let _ = writeln!(text, "  {survivor}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const OUTPUT: &str = r#"{"outcomes":[
        {"scenario":"Baseline","summary":"Success","phase_results":[]},
        {"scenario":{"Mutant":{"name":"a.rs:1:1: x"}},"summary":"CaughtMutant"},
        {"scenario":{"Mutant":{"name":"a.rs:2:1: y"}},"summary":"MissedMutant"},
        {"scenario":{"Mutant":{"name":"b.rs:3:1: z"}},"summary":"Unviable"}],
        "total_mutants":3,"end_time":END}"#;

    fn folder(name: &str, end: &str) -> std::path::PathBuf {
        let dir = std::env::temp_dir().join(format!("xtask-mutants-{name}-{}", std::process::id()));
        write_if_different(&dir.join("mutants.out/outcomes.json"), OUTPUT.replace("END", end).as_bytes())
            .unwrap();
        dir
    }

    #[test]
    fn stage_that_was_cut_off_is_not_done() {
        let dir = folder("cut", "null");
        let found = read(&dir);
        std::fs::remove_dir_all(&dir).unwrap();
        assert_eq!(found.unwrap(), None);
        assert_eq!(read(Path::new("no-such-folder")).unwrap(), None);
    }

    #[test]
    fn survivors_are_what_the_last_stage_missed() {
        let dir = folder("done", "\"2026-01-01T00:00:00Z\"");
        let found = read(&dir).unwrap().unwrap();
        std::fs::remove_dir_all(&dir).unwrap();
        assert_eq!((found.caught.len(), found.missed.len(), found.unviable.len()), (1, 1, 1));
        let mut tally = Tally::default();
        tally.add(vec![found.clone(), Found { caught: found.missed, ..Found::default() }]);
        assert!(tally.survivors().is_empty());
        tally.add(vec![Found { missed: vec!["c.rs:1:1: w".into()], ..Found::default() }]);
        let text = text("p", &tally, &[2, 3], 4);
        assert!(text.contains("| p     | 1"), "{text}");
        assert!(text.contains("2 of 4 parts are done; not done: [2, 3]\n  c.rs:1:1: w\n"), "{text}");
    }
}
