//! The closing table, server by check, and the same for programs.

use crate::kind::{Expect, Kind};
use crate::round::Outcome;
use comfy_table::{Table, presets};
use serde::Serialize;
use std::fmt;

/// What came of one check.
#[derive(Clone, Debug, Serialize)]
pub struct Check {
    /// Its name, a column of the table.
    pub name: &'static str,
    /// Whether what was to be came to be.
    pub passed: bool,
    /// What was seen.
    pub detail: String,
    /// How long it took.
    pub seconds: f64,
}

/// What came of one server.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// Its name.
    pub server: &'static str,
    /// The version that ran.
    pub version: String,
    /// Seconds from start to the first object taken.
    pub start_seconds: Option<f64>,
    /// The checks, in order.
    pub checks: Vec<Check>,
    /// The rounds, where there were any.
    pub rounds: Option<Outcome>,
    /// Why it was left out.
    pub skipped: Option<String>,
}

/// What came of all.
#[derive(Clone, Debug, Serialize)]
pub struct Matrix {
    /// The seed of the rounds.
    pub seed: u64,
    /// One for each server.
    pub servers: Vec<Row>,
    /// Whether everything is green.
    pub ok: bool,
}

impl Row {
    /// A server of which nothing is known yet.
    #[must_use]
    pub fn new(kind: Kind) -> Self {
        Self {
            server: kind.facts().name,
            version: kind.facts().version.to_owned(),
            start_seconds: None,
            checks: Vec::new(),
            rounds: None,
            skipped: None,
        }
    }

    /// Whether nothing failed. A server that was left out failed nothing.
    #[must_use]
    pub fn is_green(&self) -> bool {
        self.checks.iter().all(|check| check.passed)
    }

    fn cell(&self, name: &str) -> String {
        let check = self.checks.iter().find(|check| check.name == name);
        check.map_or("-", |check| if check.passed { "ok" } else { "FAILED" }).to_owned()
    }

    fn expects(&self) -> Option<Expect> {
        Kind::by_name(self.server).map(|kind| kind.facts().expect)
    }
}

impl Matrix {
    /// Of these servers.
    #[must_use]
    pub fn new(seed: u64, servers: Vec<Row>) -> Self {
        let ok = !servers.is_empty() && servers.iter().all(Row::is_green);
        Self { seed, servers, ok }
    }
}

impl fmt::Display for Matrix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut table = Table::new();
        let mut header = vec!["server", "version", "start"];
        header.extend(CHECKS);
        header.extend(["faults", "rows", "lost / twice / disorder"]);
        table.load_preset(presets::ASCII_MARKDOWN).set_header(header);
        for row in &self.servers {
            let start = row.start_seconds.map_or_else(|| "-".to_owned(), |seconds| format!("{seconds:.1} s"));
            let mut cells = vec![row.server.to_owned(), row.version.clone(), start];
            cells.extend(CHECKS.iter().map(|name| match (*name, &row.rounds, row.cell(name)) {
                ("conformance", _, cell) if cell == "ok" => match row.expects() {
                    Some(Expect::Refused) => "refused".to_owned(),
                    Some(Expect::Racy) => "loses races".to_owned(),
                    _ => cell,
                },
                ("rounds", Some(rounds), cell) => format!("{} {cell}", rounds.rounds),
                (_, _, cell) => cell,
            }));
            cells.extend(match (&row.rounds, &row.skipped) {
                (Some(o), _) => [
                    o.faults.total().to_string(),
                    o.acknowledged.to_string(),
                    format!("{} / {} / {}", o.lost + o.gaps, o.duplicated + o.undead, o.reordered),
                ],
                (None, Some(_)) => ["SKIPPED".to_owned(), String::new(), String::new()],
                (None, None) => ["-".to_owned(), "-".to_owned(), "-".to_owned()],
            });
            table.add_row(cells);
        }
        writeln!(f, "{table}\n")?;
        for row in &self.servers {
            if let Some(o) = &row.rounds {
                let faults = o.faults.happened.iter().map(|(kind, count)| format!("{kind} {count}"));
                writeln!(f, "{}: {}", row.server, faults.collect::<Vec<_>>().join(", "))?;
                writeln!(
                    f,
                    "    late creates: {} landed, {} refused, {} of them after their client had gone; {} takeovers by a standby; {} requests",
                    o.late.landed, o.late.refused, o.late.orphans, o.takeovers, o.requests
                )?;
                if let Some(why) = &o.no_partitions {
                    writeln!(f, "    NOTE: nobody was cut off by a partition: {why}")?;
                }
                let woken = o.woken;
                writeln!(
                    f,
                    "    woken writers: {} refused, {} told that they cannot know, {} failed, {} had nothing left to write",
                    woken.refused, woken.unknown, woken.failed, woken.idle
                )?;
            }
            if let Some(why) = &row.skipped {
                writeln!(f, "{}: SKIPPED, nothing is known about it: {why}", row.server)?;
            }
            for check in row.checks.iter().filter(|check| !check.passed) {
                writeln!(f, "{}: {} FAILED: {}", row.server, check.name, check.detail)?;
            }
        }
        let checks = || self.servers.iter().flat_map(|row| &row.checks);
        let (passed, all) = (checks().filter(|check| check.passed).count(), checks().count());
        write!(f, "\nseed {}\n{passed} passed, {} failed", self.seed, all - passed)
    }
}

/// The columns.
const CHECKS: [&str; 7] = ["conformance", "settings", "facade", "command", "standby", "rounds", "refusal"];

#[cfg(test)]
mod tests {
    use super::*;

    fn row(passed: bool) -> Row {
        let check = Check { name: "facade", passed, detail: "why".to_owned(), seconds: 0.0 };
        Row { checks: vec![check], ..Row::new(Kind::Moto) }
    }

    #[test]
    fn one_failure_makes_the_matrix_red() {
        assert!(Matrix::new(1, vec![row(true)]).ok);
        let red = Matrix::new(1, vec![row(true), row(false)]);
        assert!(!red.ok);
        let text = red.to_string();
        assert!(text.contains("moto: facade FAILED: why") && text.ends_with("1 passed, 1 failed"), "{text}");
    }

    #[test]
    fn matrix_of_nothing_is_not_green() {
        assert!(!Matrix::new(1, Vec::new()).ok);
    }
}
