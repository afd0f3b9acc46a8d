//! Logs with a history: epochs that closed and one that was killed, a checkpoint, a consumer, a collection, and something
//! for the next one. And a folder with many shards.

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;
use snafu::{OptionExt as _, ResultExt as _};

use crate::error::{FailedSnafu, Result, StartSnafu, UnusableSnafu, WriteSnafu};
use crate::stores::target;

/// The command, and the folder in which it runs.
#[derive(Debug)]
pub(super) struct Bench {
    program: PathBuf,
    pub(super) folder: PathBuf,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Close,
    /// Killed while it waits for more rows.
    Kill,
}

impl Bench {
    /// With a command that is built.
    pub(super) fn new(root: &Path) -> Self {
        Self { program: target(root).join("debug/fencepost"), folder: target(root).join("pages") }
    }

    /// Makes a log of about so many entries, unless it is there; its location.
    pub(super) fn log(&self, entries: u64) -> Result<String> {
        self.once(format!("{HOSTILE}{entries}"), |log| {
            let part = |share: u64| entries * share / 100;
            let mut next = 0;
            self.append(log, &mut next, part(30), End::Close)?;
            self.append(log, &mut next, part(20), End::Kill)?;
            self.append(log, &mut next, part(25), End::Close)?;
            self.run(&["checkpoint", log, &part(30).to_string()])?;
            self.run(&["tail", log, "--cursor", "indexer", "--to", &part(35).to_string()])?;
            self.run(&["gc", "run", log, "--retain-entries", &part(15).to_string()])?;
            self.run(&["checkpoint", log, &part(60).to_string()])?;
            self.append(log, &mut next, part(20), End::Close)
        })
    }

    /// Makes so many shards in one folder, unless they are there; its location.
    pub(super) fn fleet(&self, shards: u64) -> Result<String> {
        self.once(format!("{HOSTILE}{shards} shards"), |base| {
            for nth in 0..shards {
                let shard = format!("00000000-0000-4000-8000-{:012x}", nth * 0x9e37_79b9);
                let rows = self.folder.join("rows.ndjson");
                std::fs::write(&rows, self::rows(nth, 1 + nth * nth)).context(WriteSnafu { path: &rows })?;
                let args = ["append", base, "--shard", &shard, "--rows-per-entry", "1", "--from"];
                self.run(&[&args[..], &[&rows.display().to_string()]].concat())?;
                if nth % 3 == 0 {
                    let to = (nth * nth / 2 + 1).to_string();
                    self.run(&["tail", base, "--shard", &shard, "--cursor", "indexer", "--to", &to])?;
                }
                if nth % 4 == 0 {
                    self.run(&["checkpoint", base, "--shard", &shard, &(nth + 1).to_string()])?;
                }
            }
            Ok(())
        })
    }

    /// What the command prints as JSON.
    pub(super) fn told(&self, args: &[&str]) -> Result<Value> {
        let text = self.run(args)?;
        let message = || format!("`fencepost {}` printed no JSON", args.join(" "));
        serde_json::from_str(&text).ok().with_context(|| UnusableSnafu { message: message() })
    }

    /// Runs the command; what it printed.
    pub(super) fn run(&self, args: &[&str]) -> Result<String> {
        let shown = || format!("fencepost {}", args.join(" "));
        let mut command = Command::new(&self.program);
        command.args(args).current_dir(&self.folder).stdin(Stdio::null());
        let output = command.output().context(StartSnafu { command: shown() })?;
        if !output.status.success() {
            let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
            return FailedSnafu { command: shown(), stderr }.fail();
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Makes something in a folder of this name. A half of an earlier attempt is thrown away.
    fn once(&self, name: String, make: impl FnOnce(&str) -> Result<()>) -> Result<String> {
        let place = self.folder.join(&name);
        let done = place.join("done");
        if done.exists() {
            return Ok(name);
        }
        if place.exists() {
            std::fs::remove_dir_all(&place).context(WriteSnafu { path: &place })?;
        }
        std::fs::create_dir_all(&place).context(WriteSnafu { path: &place })?;
        make(&name)?;
        std::fs::write(&done, "").context(WriteSnafu { path: &done })?;
        Ok(name)
    }

    /// Appends so many entries of a row each, of different sizes.
    fn append(&self, log: &str, next: &mut u64, entries: u64, end: End) -> Result<()> {
        let args = [
            "append",
            log,
            "--format",
            "ndjson",
            "--rows-per-entry",
            "1",
            "--takeover",
            "now",
            "--verbose-acks",
        ];
        let shown = || format!("fencepost {}", args.join(" "));
        let mut command = Command::new(&self.program);
        command.args(args).current_dir(&self.folder).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().context(StartSnafu { command: shown() })?;
        let mut input = child.stdin.take().expect("stdin was asked to be piped");
        let rows = rows(*next, entries);
        *next += entries;
        // It reads while it writes, so somebody else has to feed it.
        let feeding = std::thread::spawn(move || input.write_all(rows.as_bytes()).map(|()| input));
        let printed = BufReader::new(child.stdout.take().expect("stdout was asked to be piped")).lines();
        let acknowledged = printed.map_while(std::result::Result::ok).filter(|line| line.starts_with('{'));
        let count = acknowledged.take(usize::try_from(entries).unwrap_or(usize::MAX)).count() as u64;
        let fed = feeding.join().expect("feeding does not panic").context(StartSnafu { command: shown() })?;
        if end == End::Kill {
            child.kill().context(StartSnafu { command: shown() })?;
        }
        drop(fed);
        let status = child.wait().context(StartSnafu { command: shown() })?;
        if count < entries || (end == End::Close && !status.success()) {
            let stderr = format!("{count} of {entries} entries were acknowledged, {status}");
            return FailedSnafu { command: shown(), stderr }.fail();
        }
        Ok(())
    }
}

/// Rows of different sizes, in waves.
fn rows(first: u64, count: u64) -> String {
    let mut rows = String::new();
    for id in first..first + count {
        let length = (id * 7_919 % 1_000) * (1 + id / 16 % 5);
        let text = "x".repeat(usize::try_from(length).unwrap_or(0));
        let _ = writeln!(rows, "{{\"id\":{id},\"text\":\"{text}\"}}");
    }
    rows
}

/// Where all of it lies. A page that does not escape this ends its script, or has markup in it.
const HOSTILE: &str = "<i>&amp;<b></script>";
