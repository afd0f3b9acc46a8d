//! The program, as people and scripts use it.

use serde_json::Value;
use std::ffi::OsStr;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use tempfile::TempDir;

/// A directory of the test's own with a log in it: ten rows in each of three entries, at positions 2 to 4.
struct Scratch(TempDir);

impl Scratch {
    fn new() -> Self {
        let scratch = Self(tempfile::tempdir().unwrap());
        let rows: String = (0..30).map(|id| format!("{{\"id\":{id},\"kind\":\"k{}\"}}\n", id % 3)).collect();
        scratch.append("log", &rows);
        scratch
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn append(&self, log: &str, rows: &str) {
        let file = self.path("rows.ndjson");
        std::fs::write(&file, rows).unwrap();
        let log = self.path(log);
        run([
            OsStr::new("append"),
            log.as_ref(),
            "--from".as_ref(),
            file.as_ref(),
            "--rows-per-entry=10".as_ref(),
        ])
        .ok();
    }

    /// Asks the log.
    fn ask(&self, query: &str, more: &[&str]) -> Run {
        let log = self.path("log").display().to_string();
        run(["sql", &log, query].iter().chain(more))
    }
}

struct Run(Output);

impl Run {
    fn text(&self) -> String {
        String::from_utf8(self.0.stdout.clone()).unwrap()
    }

    fn stderr(&self) -> String {
        String::from_utf8(self.0.stderr.clone()).unwrap()
    }

    #[track_caller]
    fn ok(self) -> Self {
        assert_eq!(self.0.status.code(), Some(0), "{}\n{}", self.text(), self.stderr());
        self
    }

    #[track_caller]
    fn fails(self, code: i32, saying: &str) -> Self {
        assert_eq!(self.0.status.code(), Some(code), "{}\n{}", self.text(), self.stderr());
        assert!(self.stderr().contains(saying), "`{saying}` is not in: {}", self.stderr());
        self
    }
}

fn command<S: AsRef<OsStr>>(args: impl IntoIterator<Item = S>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_fencepost-sql"));
    command
        .args(args)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .env_remove("FENCEPOST_LOG");
    command
}

fn run<S: AsRef<OsStr>>(args: impl IntoIterator<Item = S>) -> Run {
    Run(command(args).output().unwrap())
}

#[test]
fn an_answer_comes_in_any_format() {
    let scratch = Scratch::new();
    let query = "select kind, count(*) as n, max(_position) as last from log group by kind order by kind";
    let ndjson = scratch.ask(query, &[]).ok().text();
    assert_eq!(ndjson.lines().next(), Some(r#"{"kind":"k0","n":10,"last":4}"#));
    let csv = scratch.ask(query, &["--format", "csv"]).ok().text();
    assert_eq!(csv, "kind,n,last\nk0,10,4\nk1,10,4\nk2,10,4\n");
    let table = scratch.ask(query, &["--format", "table"]).ok().text();
    assert_eq!(table, "kind   n  last\nk0    10     4\nk1    10     4\nk2    10     4\n");
    let file = scratch.path("rows.parquet").display().to_string();
    scratch.ask("select * from log", &["--format", "parquet", "--output", &file]).ok();
    assert!(std::fs::read(&file).unwrap().starts_with(b"PAR1"));
    let arrow = scratch.ask("select 1", &["--format", "arrow"]).ok();
    assert!(!arrow.0.stdout.is_empty());
}

/// An answer without rows has columns all the same.
#[test]
fn no_rows_are_an_answer_too() {
    let scratch = Scratch::new();
    let query = "select id, kind from log where _position > 100";
    assert_eq!(scratch.ask(query, &["--format", "csv"]).ok().text(), "id,kind\n");
    assert_eq!(scratch.ask(query, &["--format", "table"]).ok().text(), "id  kind\n");
    assert_eq!(scratch.ask(query, &[]).ok().text(), "");
}

#[test]
fn a_summary_tells_the_snapshot_and_what_it_cost() {
    let scratch = Scratch::new();
    let asked = scratch.ask("select id from log where _position = 3", &["--json"]).ok();
    let summary: Value = serde_json::from_str(asked.stderr().lines().last().unwrap()).unwrap();
    assert_eq!(summary["rows"], 10);
    let table = &summary["tables"][0];
    // The last is the mark of a clean end.
    assert_eq!((&table["name"], &table["first"], &table["last"]), (&"log".into(), &1.into(), &5.into()));
    assert!(table["requests"]["get"].as_u64().unwrap() > 3 && table["requests"]["put"] == 0, "{table}");
}

#[test]
fn several_logs_are_several_tables() {
    let scratch = Scratch::new();
    scratch.append("other", "{\"id\":7,\"paid\":true}\n{\"id\":70,\"paid\":false}\n");
    let other = format!("payments={}", scratch.path("other").display());
    let query = "select log.id, paid from log join payments on log.id = payments.id";
    assert_eq!(scratch.ask(query, &["--table", &other]).ok().text(), "{\"id\":7,\"paid\":true}\n");
    scratch.ask(query, &["--table", &other, "--table", &other]).fails(2, "two tables");
    let nowhere = format!("payments={}", scratch.path("nowhere").display());
    scratch.ask(query, &["--table", &nowhere]).fails(4, "payments");
}

#[test]
fn a_question_may_come_from_stdin_and_be_explained() {
    let scratch = Scratch::new();
    let log = scratch.path("log").display().to_string();
    let mut asking = command(["sql", &log, "-", "--explain"]).stdin(Stdio::piped()).spawn().unwrap();
    asking.stdin.take().unwrap().write_all(b"select id from log where _position between 3 and 4").unwrap();
    let explained = Run(asking.wait_with_output().unwrap()).ok().text();
    assert!(explained.contains("LogExec") && explained.contains("positions=[3..=4]"), "{explained}");
}

#[test]
fn questions_that_cannot_be_answered_say_why() {
    let scratch = Scratch::new();
    scratch.ask("selct 1", &[]).fails(3, "selct");
    scratch.ask("select nonesuch from log", &[]).fails(3, "nonesuch");
    scratch.ask("select id from nowhere", &[]).fails(3, "nowhere");
    scratch.ask("select 1 / 0 from log", &[]).fails(3, "ivide by zero");
    let failed = scratch.ask("select cast(kind as int) from log", &["--json"]).fails(3, "Cannot cast");
    let document: Value = serde_json::from_str(failed.text().lines().last().unwrap()).unwrap();
    assert_eq!((&document["error"]["code"], &document["error"]["kind"]), (&3.into(), &"input".into()));
    let nowhere = scratch.path("nowhere").display().to_string();
    run(["sql", &nowhere, "select 1"]).fails(4, "does not exist");
}

/// It asks, and does nothing else.
#[test]
fn statements_that_change_anything_are_refused() {
    let scratch = Scratch::new();
    let file = scratch.path("file.csv").display().to_string();
    std::fs::write(&file, "a\n1\n").unwrap();
    for statement in [
        format!("copy log to '{file}.copy.csv'"),
        format!("create external table t stored as csv location '{file}'"),
        "create table t as select * from log".to_owned(),
        "insert into log select * from log".to_owned(),
        "drop table log".to_owned(),
        "set datafusion.execution.batch_size = 1".to_owned(),
    ] {
        scratch.ask(&statement, &[]).fails(3, "not supported");
    }
    scratch.ask(&format!("select * from '{file}'"), &[]).fails(3, "file.csv");
    assert!(!PathBuf::from(format!("{file}.copy.csv")).exists());
}

#[test]
fn a_hold_is_gone_after_the_answer_and_after_a_failure() {
    let scratch = Scratch::new();
    let log = scratch.path("log").display().to_string();
    let cursors = || run(["cursor", "list", &log, "--json"]).ok().text();
    let before = cursors();
    scratch.ask("select count(*) from log", &["--hold", "asking"]).ok();
    scratch.ask("select nonesuch from log", &["--hold", "asking"]).fails(3, "nonesuch");
    scratch.ask("select cast(kind as int) from log", &["--hold", "asking"]).fails(3, "Cannot cast");
    assert_eq!(cursors(), before);
    run(["cursor", "create", &log, "consumer"]).ok();
    let there = cursors();
    scratch.ask("select count(*) from log", &["--hold", "consumer"]).fails(5, "consumer");
    assert_eq!(cursors(), there);
}

/// What was collected has code 8 with the position, or is not asked for.
#[test]
fn a_question_after_a_collection_is_about_what_is_left() {
    let scratch = Scratch::new();
    let log = scratch.path("log").display().to_string();
    run(["checkpoint", &log, "3"]).ok();
    run(["gc", "run", &log]).ok();
    let answer = scratch.ask("select count(*), min(_position) from log", &["--format", "csv"]).ok().text();
    assert_eq!(answer.lines().nth(1), Some("10,4"));
}

/// It ends only if it is told how many rows are enough; that is why there is one.
#[test]
fn a_tail_has_the_columns_of_the_log() {
    let scratch = Scratch::new();
    let explained =
        scratch.ask("select kind, _position from log_tail where id > 3 limit 1", &["--explain"]).ok().text();
    assert!(explained.contains("StreamingTableExec"), "{explained}");
    scratch.ask("select count(*) from log_tail", &[]).fails(3, "nfinite");
}
