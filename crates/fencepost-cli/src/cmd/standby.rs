//! `standby`: waits until the log's writer is gone, takes over, and goes on with stdin or with a command.
//!
//! While a command runs, the log stays open and its lease is renewed, so that other standbys wait. What the
//! command prints is appended; its errors go to stderr. When the log is lost to another writer, the command is
//! asked to end, since it is not the leader any more. An append notices that at once, and an idle writer within a
//! lease period.

mod child;

use super::append::{self, Stop, Stream};
use super::open;
use crate::args::Standby;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{self, note_line};
use crate::signal::asked_to_end;
use child::Child;
use fencepost::{AppendError, Wal, Writer};
use serde_json::{Map, Value, json};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

pub(super) async fn run(args: Standby, json: bool) -> Result<(), Failure> {
    args.place.check()?;
    let began = Instant::now();
    let mut signal = pin!(asked_to_end());
    let (wal, writer) = tokio::select! {
        biased;
        name = &mut signal => {
            let what = format!("stopped by {name} before the log was held; nothing was changed");
            return Err(Failure::new(Exit::Interrupted, what));
        }
        held = hold(&args) => held?,
    };
    let writer = Arc::new(writer);
    let waited = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    note_line(format_args!(
        "epoch {} holds the log, after {}; {}",
        writer.epoch(),
        indicatif::HumanDuration(began.elapsed()),
        args.command.first().map_or_else(|| "appending stdin".to_owned(), |name| format!("running `{name}`")),
    ));
    if json {
        let shard = wal.shard().to_string();
        output::json(&json!({"holds": writer.epoch().get(), "waited_ms": waited, "shard": shard}))?;
    }
    let held = Held { args, wal, writer };
    let mut facts = if held.args.command.is_empty() {
        held.append_stdin(signal).await?
    } else {
        held.run_command(signal).await?
    };
    facts.insert("waited_ms".to_owned(), waited.into());
    if json { output::json(&Value::Object(facts)) } else { output::line(&append::describe(&facts)) }
}

/// Waits, and opens the log. Another standby may be quicker; then this one waits for that one.
async fn hold(args: &Standby) -> Result<(Wal, Writer), Failure> {
    let wal = args.place.open_or_new().await?;
    loop {
        match open::writer(&wal, &args.writer, append::options(&args.writer, &args.rows)).await {
            Ok(writer) => return Ok((wal, writer)),
            Err(failure) if failure.kind == Some(fencepost::ErrorKind::Fenced) => {
                note_line("another writer was quicker; waiting for that one");
            }
            Err(failure) => return Err(failure),
        }
    }
}

/// A standby that holds the log.
struct Held {
    args: Standby,
    wal: Wal,
    writer: Arc<Writer>,
}

impl Held {
    async fn append_stdin(
        self,
        signal: std::pin::Pin<&mut impl Future<Output = &'static str>>,
    ) -> Result<Map<String, Value>, Failure> {
        let stop = Stop::default();
        let from = Stream { name: "stdin", bytes: Box::new(std::io::stdin()) };
        let watched = Arc::clone(&self.writer);
        let mut gone = pin!(watched.stopped());
        let appending = append::stream(self.wal, self.writer, from, &self.args.rows, stop.clone(), signal);
        let mut appending = pin!(appending);
        tokio::select! {
            biased;
            done = &mut appending => return done.and_then(|facts| lost(&watched, facts)),
            // Even while no rows come.
            _ = &mut gone => stop.ask(),
        }
        appending.await.and_then(|facts| lost(&watched, facts))
    }

    async fn run_command(
        self,
        signal: std::pin::Pin<&mut impl Future<Output = &'static str>>,
    ) -> Result<Map<String, Value>, Failure> {
        let Self { args, wal, writer } = self;
        let mut variables = vec![
            ("FENCEPOST_EPOCH", writer.epoch().to_string()),
            ("FENCEPOST_SHARD", wal.shard().to_string()),
        ];
        variables.push(("FENCEPOST_PLACE", args.place.log.clone()));
        let (child, printed) = match Child::start(&args.command, &variables) {
            Ok(started) => started,
            Err(failure) => {
                close(&writer).await;
                return Err(failure);
            }
        };
        let asked = AtomicBool::new(false);
        // A command that is asked to end may still print rows, so the stream goes on until its end.
        let mut ended = pin!(async {
            let name = signal.await;
            asked.store(true, Ordering::Relaxed);
            child.end(args.grace).await;
            // Its output is at its end now, unless what it started still prints.
            tokio::time::sleep(args.grace).await;
            name
        });
        let stop = Stop::default();
        let from = Stream { name: "the command's output", bytes: printed };
        let watched = Arc::clone(&writer);
        let mut gone = pin!(watched.stopped());
        let appended = {
            let appending = append::stream(wal, writer, from, &args.rows, stop.clone(), ended.as_mut());
            let mut appending = pin!(appending);
            tokio::select! {
                biased;
                done = &mut appending => done,
                _ = &mut gone => {
                    note_line("the log is lost to another writer; asking the command to end");
                    child.end(args.grace).await;
                    stop.ask();
                    appending.await
                }
            }
        };
        // After rows that could not be appended, it still runs.
        child.end(args.grace).await;
        let status = child.status();
        let with_status = |failure: Failure| {
            let facts = Map::from_iter([("command".to_owned(), document(status))]);
            failure.with_facts(facts)
        };
        let mut facts = appended.and_then(|facts| lost(&watched, facts)).map_err(with_status)?;
        facts.insert("command".to_owned(), document(status));
        if asked.load(Ordering::Relaxed) {
            let what = "stopped by a signal; the command has ended, and what it printed is in the log";
            return Err(Failure::new(Exit::Interrupted, what).with_facts(facts));
        }
        match status {
            Some(status) if status.success() => Ok(facts),
            Some(status) => {
                let what = format!("the command `{}` failed: {status}", args.command[0]);
                Err(Failure::new(Exit::Failed, what)
                    .with_advice("What it printed before is in the log, which was closed.")
                    .with_facts(facts))
            }
            None => Err(Failure::new(Exit::Failed, "the command could not be waited for").with_facts(facts)),
        }
    }
}

async fn close(writer: &Writer) {
    if let Err(error) = writer.close().await {
        note_line(format_args!(
            "warning: the log was not closed ({error}); the next writer takes over as after a crash"
        ));
    }
}

/// A standby that lost the log says so, although none of its rows was refused.
fn lost(writer: &Writer, facts: Map<String, Value>) -> Result<Map<String, Value>, Failure> {
    match writer.status().stopped {
        Some(error @ AppendError::Fenced { .. }) => Err(Failure::from(error)
            .with_advice(
                "Every row that was acknowledged is in the log. Run `standby` again to wait for that writer.",
            )
            .with_facts(facts)),
        Some(error) => Err(Failure::from(error).with_facts(facts)),
        None => Ok(facts),
    }
}

fn document(status: Option<std::process::ExitStatus>) -> Value {
    json!({"code": status.and_then(|status| status.code())})
}
