//! Runs steps one after another: each says its name, its command and its time; a table closes the run.

use std::fmt::Write as _;
use std::io::{self, Write};
use std::time::{Duration, Instant};

use comfy_table::{CellAlignment, Table, presets};
use serde::Serialize;

use crate::args::ReportArgs;
use crate::error::Result;
use crate::finding::Finding;
use crate::invocation::{Invocation, TestCount};

/// One line of the closing table.
pub(crate) struct Step {
    name: String,
    action: Action,
}

enum Action {
    /// A command; it passes if it exits with success.
    Run(Invocation),
    /// A command that has to report at least one test: an empty run proves nothing.
    RunTests(Invocation),
    /// A function of this program; it passes if none of its findings is an error.
    Check(Box<dyn FnOnce() -> Result<Vec<Finding>>>),
}

impl Step {
    pub(crate) fn run(name: impl Into<String>, invocation: Invocation) -> Self {
        Self { name: name.into(), action: Action::Run(invocation) }
    }

    pub(crate) fn run_tests(name: impl Into<String>, invocation: Invocation) -> Self {
        Self { name: name.into(), action: Action::RunTests(invocation) }
    }

    pub(crate) fn check(
        name: impl Into<String>,
        check: impl FnOnce() -> Result<Vec<Finding>> + 'static,
    ) -> Self {
        Self { name: name.into(), action: Action::Check(Box::new(check)) }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn shown(&self) -> String {
        match &self.action {
            Action::Run(invocation) | Action::RunTests(invocation) => invocation.to_string(),
            Action::Check(_) => "(in this program)".to_owned(),
        }
    }
}

/// What became of one step.
#[derive(Debug, Serialize)]
struct Outcome {
    name: String,
    command: String,
    passed: bool,
    seconds: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    tests: Option<TestCount>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    findings: Vec<Finding>,
}

#[derive(Debug, Serialize)]
struct Report {
    steps: Vec<Outcome>,
    passed: usize,
    failed: usize,
    /// Steps that did not run because an earlier one failed and `--fail-fast` was given.
    not_run: Vec<String>,
}

/// Runs `steps` in order and says whether all of them passed.
pub(crate) fn run_all(steps: Vec<Step>, args: ReportArgs) -> Result<bool> {
    // Under --json, stdout carries the document and nothing else.
    let mut out: Box<dyn Write> = if args.json { Box::new(io::stderr()) } else { Box::new(io::stdout()) };
    let report = carry_out(steps, args.fail_fast, &mut *out);
    let _ = write!(out, "{}", closing(&report));
    if args.json {
        println!("{}", serde_json::to_string_pretty(&report).expect("a report has only string keys"));
    }
    Ok(report.failed == 0 && report.not_run.is_empty())
}

fn carry_out(steps: Vec<Step>, fail_fast: bool, out: &mut dyn Write) -> Report {
    let mut report = Report { steps: Vec::new(), passed: 0, failed: 0, not_run: Vec::new() };
    for step in steps {
        if fail_fast && report.failed > 0 {
            report.not_run.push(step.name);
            continue;
        }
        let _ = writeln!(out, "==> {}\n    {}", step.name, step.shown());
        let _ = out.flush();
        let outcome = carry_out_one(step, out);
        let verdict = if outcome.passed { "passed" } else { "FAILED" };
        let _ = writeln!(out, "    {verdict} in {:.1} s\n", outcome.seconds);
        if outcome.passed {
            report.passed += 1;
        } else {
            report.failed += 1;
        }
        report.steps.push(outcome);
    }
    report
}

fn carry_out_one(step: Step, out: &mut dyn Write) -> Outcome {
    let command = step.shown();
    let started = Instant::now();
    let (tests, mut findings) = match step.action {
        Action::Run(invocation) => (None, ran(invocation.run_counting(out).map(|exit| exit.success))),
        Action::RunTests(invocation) => match invocation.run_counting(out) {
            Ok(exit) => (Some(exit.tests), tested(exit.success, exit.tests)),
            Err(error) => (None, ran(Err(error))),
        },
        Action::Check(check) => (None, check().unwrap_or_else(|error| ran(Err(error)))),
    };
    findings.sort_by_key(Finding::is_error);
    for finding in &findings {
        let _ = writeln!(out, "    {finding}");
    }
    let passed = !findings.iter().any(Finding::is_error);
    Outcome { name: step.name, command, passed, seconds: rounded(started.elapsed()), tests, findings }
}

fn ran(success: Result<bool>) -> Vec<Finding> {
    match success {
        Ok(true) => Vec::new(),
        Ok(false) => vec![Finding::error("command", "the command did not succeed")],
        Err(error) => vec![Finding::error("command", error.to_string())],
    }
}

fn tested(success: bool, tests: TestCount) -> Vec<Finding> {
    if success && tests.passed == 0 {
        return vec![Finding::error("no-tests", "not a single test ran")];
    }
    ran(Ok(success))
}

fn closing(report: &Report) -> String {
    let mut table = Table::new();
    table.load_preset(presets::ASCII_MARKDOWN).set_header(["step", "result", "time", "tests"]);
    for step in &report.steps {
        let result = if step.passed { "passed" } else { "FAILED" };
        let tests = step.tests.map_or_else(String::new, |t| t.passed.to_string());
        table.add_row([step.name.clone(), result.to_owned(), format!("{:.1} s", step.seconds), tests]);
    }
    for name in &report.not_run {
        table.add_row([name.as_str(), "not run", "", ""]);
    }
    for column in [2, 3] {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    let mut text = format!("{table}\n\n");
    let _ = writeln!(text, "{} passed, {} failed", report.passed, report.failed);
    text
}

fn rounded(elapsed: Duration) -> f64 {
    (elapsed.as_secs_f64() * 10.0).round() / 10.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passing(name: &str) -> Step {
        Step::check(name, || Ok(vec![Finding::warning("w", "only a warning")]))
    }

    fn failing(name: &str) -> Step {
        Step::check(name, || Ok(vec![Finding::error("e", "an error")]))
    }

    fn check(steps: Vec<Step>, fail_fast: bool, expect: &str) -> Report {
        let mut out = Vec::new();
        let report = carry_out(steps, fail_fast, &mut out);
        let text = closing(&report);
        assert!(text.ends_with(expect), "{text}");
        report
    }

    #[test]
    fn warnings_do_not_fail_a_step_and_errors_do() {
        let report = check(vec![passing("a"), failing("b"), passing("c")], false, "\n2 passed, 1 failed\n");
        assert_eq!(report.steps.iter().map(|s| s.passed).collect::<Vec<_>>(), [true, false, true]);
    }

    #[test]
    fn fail_fast_leaves_the_rest_undone() {
        let report = check(vec![failing("a"), passing("b")], true, "\n0 passed, 1 failed\n");
        assert_eq!(report.not_run, ["b"]);
    }

    #[test]
    fn run_of_no_tests_fails() {
        assert!(tested(true, TestCount::default())[0].is_error());
        assert!(tested(false, TestCount { passed: 3, failed: 1 })[0].is_error());
        assert!(tested(true, TestCount { passed: 1, failed: 0 }).is_empty());
    }

    #[test]
    fn program_that_cannot_start_fails_its_step() {
        let step = Step::run("x", Invocation::new("no-such-program-here", std::path::Path::new("."), ["y"]));
        let report = check(vec![step], false, "\n0 passed, 1 failed\n");
        assert!(report.steps[0].findings[0].message.contains("no-such-program-here"));
    }
}
