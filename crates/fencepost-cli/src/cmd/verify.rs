//! `verify`: reads everything, says what is wrong.

use super::repair::command;
use super::staging;
use crate::args::Verify;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{self, counted, printable};
use crate::progress;
use fencepost::{Problem, ProblemKind, Verification};
use serde_json::{Value, json};

pub(super) async fn run(args: Verify, json: bool) -> Result<(), Failure> {
    let wal = args.place.open().await?;
    let progress = progress::bar("entries read");
    let shown = progress.clone();
    let found = wal
        .verify(move |read, of| {
            shown.set_length(of);
            shown.set_position(read);
        })
        .await?;
    progress.finish_and_clear();
    if json {
        let documents = |problems: &[Problem]| problems.iter().map(problem_document).collect::<Vec<_>>();
        let given_up: Vec<_> = found.given_up.iter().map(|at| at.get()).collect();
        output::json(&json!({
            "ok": found.is_ok(), "shard": wal.shard().to_string(), "entries": found.entries, "rows": found.rows,
            "manifests": found.manifests, "problems": documents(&found.problems), "notes": documents(&found.notes),
            "given_up": given_up, "staging_files": staging::document(&found.staging),
        }))?;
    } else {
        print(&found)?;
    }
    match exit(&found) {
        None => Ok(()),
        Some(exit) => Err(Failure::said(exit)),
    }
}

fn print(found: &Verification) -> Result<(), Failure> {
    for problem in &found.problems {
        output::line(&printable(&problem_line(problem)))?;
    }
    for note in &found.notes {
        output::line(&printable(&format!("note: {}", problem_line(note))))?;
    }
    for at in &found.given_up {
        output::line(&format!("note: a repair gave up the entry at position {at}"))?;
    }
    if let Some(line) = staging::line(&found.staging) {
        output::line(&printable(&format!("note: {line}")))?;
    }
    for choice in found.ailing() {
        output::line(&printable(&format!("to continue without it: {}", command(&choice))))?;
    }
    let verdict =
        if found.is_ok() { "sound".to_owned() } else { counted(found.problems.len() as u64, "problem") };
    output::line(&format!(
        "{verdict}: {}, {}, {} read",
        counted(found.entries, "entry"),
        counted(found.rows, "row"),
        counted(found.manifests, "manifest")
    ))
}

/// What could not be read is not called damaged.
fn exit(found: &Verification) -> Option<Exit> {
    let unreadable = |problem: &Problem| matches!(problem.kind, ProblemKind::Unreadable { .. });
    if found.is_ok() {
        None
    } else if found.problems.iter().all(unreadable) {
        Some(Exit::Failed)
    } else {
        Some(Exit::Damaged)
    }
}

/// A problem, for people: the object, the place in it, and what is wrong, each once.
pub(super) fn problem_line(problem: &Problem) -> String {
    let place = problem.offset.map_or_else(String::new, |offset| format!(", byte {offset}"));
    format!("{}{place}: {}", problem.object, problem.what)
}

/// A problem, for programs.
pub(super) fn problem_document(problem: &Problem) -> Value {
    let mut document = json!({
        "object": problem.object, "offset": problem.offset, "what": problem.what, "kind": problem.kind.name(),
    });
    let mut put = |key: &str, at: fencepost::Position| document[key] = at.get().into();
    match problem.kind {
        ProblemKind::Lost { first, last, proof } => {
            put("first", first);
            put("last", last);
            put("proof", proof);
        }
        ProblemKind::Gap { first, last } => {
            put("first", first);
            put("last", last);
        }
        ProblemKind::FencedOff { at, proof } => {
            put("first", at);
            put("last", at);
            put("proof", proof);
        }
        ProblemKind::Damaged { at } | ProblemKind::Unreadable { at } => {
            put("first", at);
            put("last", at);
        }
        _ => {}
    }
    document
}
