//! `cargo xtask standby`: how long it takes from the death of a log's writer to its standby's first
//! acknowledgement, with real processes on a local directory.
//!
//! Each round: a writer appends rows, one an entry, and a standby waits with rows of its own. The writer is
//! killed in the middle of its appends. Then every row that either was told is in the log must be there once.

use crate::args::StandbyArgs;
use crate::error::Result;
use crate::invocation::Invocation;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

pub(crate) fn run(root: &Path, args: &StandbyArgs) -> Result<bool> {
    if !Invocation::cargo(root, ["build", "--quiet", "--bin", "fencepost"]).run_directly()? {
        return Ok(false);
    }
    let program = root.join("target/debug/fencepost");
    let mut rounds = Vec::new();
    for round in 0..args.rounds {
        let place = std::env::temp_dir().join(format!("fencepost-standby-{}-{round}", std::process::id()));
        let log = args.log.clone().map_or_else(
            || place.display().to_string(),
            |log| format!("{}/{}-{round}", log.trim_end_matches('/'), std::process::id()),
        );
        let measured = Round { program: &program, log: &log, ttl: args.lease_ttl_ms }.run();
        let _ = std::fs::remove_dir_all(&place);
        match measured {
            Ok(measured) => rounds.push(measured),
            Err(why) => {
                eprintln!("round {round}: {why}");
                return Ok(false);
            }
        }
    }
    Ok(report(args, &rounds))
}

/// What a round came to.
struct Measured {
    took: Duration,
    acknowledged: usize,
    lost: usize,
    twice: usize,
}

struct Round<'a> {
    program: &'a PathBuf,
    log: &'a str,
    ttl: u64,
}

impl Round<'_> {
    fn run(&self) -> std::result::Result<Measured, String> {
        let mut holder = self.start("append")?;
        holder.feed(0..ROWS)?;
        let mut told = vec![holder.acknowledgement()?];
        let mut standby = self.start("standby")?;
        standby.feed(ROWS..2 * ROWS)?;
        standby.hear_stderr("waiting")?;
        // Some more, so that it dies at its work.
        holder.feed(2 * ROWS..3 * ROWS)?;
        let died = Instant::now();
        holder.child.kill().map_err(|error| error.to_string())?;
        let first = standby.acknowledgement()?;
        let took = died.elapsed();
        holder.child.wait().map_err(|error| error.to_string())?;
        told.extend(holder.stdout.iter().filter_map(|line| acknowledged(&line)));
        // The end of its rows is the end of the standby.
        drop(standby.child.stdin.take());
        let ended = standby.child.wait().map_err(|error| error.to_string())?;
        if !ended.success() {
            return Err(format!(
                "the standby ended with {ended}: {:?}",
                standby.stderr.iter().collect::<Vec<_>>()
            ));
        }
        told.push(first);
        told.extend(standby.stdout.iter().filter_map(|line| acknowledged(&line)));
        let found = self.positions()?;
        let missing = told.iter().filter(|at| !found.contains_key(at)).count();
        let twice = found.values().filter(|rows| **rows > 1).count();
        Ok(Measured { took, acknowledged: told.len(), lost: missing, twice })
    }

    fn start(&self, verb: &str) -> std::result::Result<Process, String> {
        let ttl = format!("{}ms", self.ttl);
        let args =
            ["--rows-per-entry", "1", "--infer-rows", "1", "--json", "--verbose-acks", "--format", "ndjson"];
        let mut child = Command::new(self.program)
            .arg(verb)
            .arg(self.log)
            .args(["--lease-ttl", &ttl])
            .args(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| error.to_string())?;
        let stdout = lines(child.stdout.take().expect("asked for as a pipe"));
        let stderr = lines(child.stderr.take().expect("asked for as a pipe"));
        Ok(Process { child, stdout, stderr })
    }

    /// How many rows of each position a reader finds.
    fn positions(&self) -> std::result::Result<BTreeMap<u64, usize>, String> {
        let output = Command::new(self.program)
            .args(["inspect", self.log, "--json"])
            .output()
            .map_err(|error| error.to_string())?;
        let document: Value = serde_json::from_slice(&output.stdout).map_err(|error| error.to_string())?;
        let entries = document["entries"].as_array().ok_or("no entries")?;
        let live = entries.iter().filter(|entry| entry["kind"] == "data" && entry["state"] == "live");
        Ok(live
            .filter_map(|entry| Some((entry["position"].as_u64()?, entry["rows"].as_u64()? as usize)))
            .collect())
    }
}

struct Process {
    child: Child,
    stdout: Receiver<String>,
    stderr: Receiver<String>,
}

impl Process {
    fn feed(&mut self, rows: std::ops::Range<u64>) -> std::result::Result<(), String> {
        let stdin = self.child.stdin.as_mut().ok_or("its stdin is closed")?;
        let text: String = rows.map(|n| format!("{{\"n\":{n}}}\n")).collect();
        stdin.write_all(text.as_bytes()).and_then(|()| stdin.flush()).map_err(|error| error.to_string())
    }

    fn acknowledgement(&self) -> std::result::Result<u64, String> {
        loop {
            let line =
                self.stdout.recv_timeout(PATIENCE).map_err(|_| "no acknowledgement came".to_owned())?;
            if let Some(position) = acknowledged(&line) {
                return Ok(position);
            }
        }
    }

    fn hear_stderr(&self, text: &str) -> std::result::Result<(), String> {
        loop {
            let line = self.stderr.recv_timeout(PATIENCE).map_err(|_| format!("no `{text}` on stderr"))?;
            if line.contains(text) {
                return Ok(());
            }
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn acknowledged(line: &str) -> Option<u64> {
    let value: Value = serde_json::from_str(line).ok()?;
    value["position"].as_u64()
}

fn lines(pipe: impl std::io::Read + Send + 'static) -> Receiver<String> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(pipe).lines().map_while(std::result::Result::ok) {
            let _ = sender.send(line);
        }
    });
    receiver
}

fn report(args: &StandbyArgs, rounds: &[Measured]) -> bool {
    let mut took: Vec<_> = rounds.iter().map(|round| round.took.as_millis() as u64).collect();
    took.sort_unstable();
    let at = |part: f64| took.get(((took.len() as f64 * part).ceil() as usize).clamp(1, took.len()) - 1);
    let (p50, p99, max) = (at(0.5), at(0.99), took.last());
    let lost: usize = rounds.iter().map(|round| round.lost).sum();
    let twice: usize = rounds.iter().map(|round| round.twice).sum();
    let acknowledged: usize = rounds.iter().map(|round| round.acknowledged).sum();
    let bound = args.lease_ttl_ms * 3 / 2 + OPENING_MS;
    let late = took.iter().filter(|took| **took > bound).count();
    let document = json!({
        "rounds": rounds.len(), "lease_ttl_ms": args.lease_ttl_ms, "p50_ms": p50, "p99_ms": p99, "max_ms": max,
        "bound_ms": bound, "late": late, "acknowledged": acknowledged, "lost": lost, "twice": twice,
    });
    println!("{document}");
    lost == 0 && twice == 0 && late == 0 && !rounds.is_empty()
}

/// How many rows are fed at a time.
const ROWS: u64 = 20;
/// How long anything may take before the round is given up.
const PATIENCE: Duration = Duration::from_secs(120);
/// What opening may take on a local directory of a busy machine, above the lease.
const OPENING_MS: u64 = 1_000;
