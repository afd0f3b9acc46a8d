//! A writer in a process of its own, fed with rows one by one.

use crate::command::{Ended, Fencepost, Running};
use crate::error::Result;
use crate::oracle::{Account, WRITER_ROWS};
use crate::server::Access;
use std::io::Write as _;
use std::process::{ChildStdin, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

/// What a writer is fed with. All of it fits into a pipe, so that a writer that is stopped never stops its feeder.
#[derive(Clone, Copy, Debug)]
pub(super) struct Input {
    pub(super) rows: u64,
    pub(super) pace: Duration,
}

/// A writer and what feeds it.
#[derive(Debug)]
pub(super) struct Writer {
    pub(super) range: u64,
    pub(super) running: Running,
    feeder: Option<JoinHandle<()>>,
    stop: Arc<AtomicBool>,
    fed: Arc<AtomicU64>,
}

impl Writer {
    /// Starts one that takes over `now` or once the lease `expired`.
    pub(super) fn start(
        fencepost: &Fencepost,
        access: &Access,
        takeover: &str,
        range: u64,
        input: Input,
    ) -> Result<Self> {
        let mut words = vec!["append", "LOG", "--format", "ndjson", "--rows-per-entry", "1"];
        words.extend(["--infer-rows", "1", "--verbose-acks", "--takeover", takeover]);
        let writer = fencepost.writer();
        words.extend(writer.iter().map(String::as_str));
        let mut command = fencepost.line(access, &words);
        command.stdin(Stdio::piped());
        let mut running = Running::start(command)?;
        let stop = Arc::new(AtomicBool::new(false));
        let fed = Arc::new(AtomicU64::new(0));
        let feeder = running.stdin().map(|stdin| {
            let (stop, fed) = (Arc::clone(&stop), Arc::clone(&fed));
            let acknowledged = running.counter(ACK);
            std::thread::spawn(move || feed(stdin, range, input, &stop, &fed, acknowledged))
        });
        Ok(Self { range, running, feeder, stop, fed })
    }

    /// How many rows it acknowledged so far.
    pub(super) fn acknowledged(&self) -> u64 {
        self.running.count(ACK)
    }

    /// What it was told before it was stopped.
    pub(super) fn account_so_far(&self) -> Account {
        Account { acknowledged: self.acknowledged(), possible: self.fed.load(Ordering::Relaxed) }
    }

    /// No more rows: once it has written what it was given, it closes the log.
    pub(super) fn end_input(&mut self) {
        self.stop_feeding();
        if let Some(feeder) = self.feeder.take() {
            let _ = feeder.join();
        }
    }

    /// As [`end_input`](Self::end_input), without waiting for the last row.
    pub(super) fn stop_feeding(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    /// Kills it; what it was told is what it said before.
    pub(super) fn kill(mut self) -> (u64, Account, Ended) {
        self.stop.store(true, Ordering::Relaxed);
        let range = self.range;
        let feeder = self.feeder.take();
        let ended = self.running.kill();
        // The pipe is broken now, so it ends.
        feeder.into_iter().for_each(|feeder| _ = feeder.join());
        let fed = self.fed.load(Ordering::Relaxed);
        let account = account(&ended, fed);
        (range, account, ended)
    }

    /// Waits until it ends by itself; `None`, and it is killed, if that takes longer than `retry_timeout`.
    pub(super) fn end_within(mut self, retry_timeout: Duration) -> Option<(u64, Account, Ended)> {
        self.end_input();
        let (range, fed) = (self.range, self.fed.load(Ordering::Relaxed));
        let ended = self.running.end_within(retry_timeout)?;
        let account = account(&ended, fed);
        Some((range, account, ended))
    }
}

/// What a writer knew of its rows when it ended: from its report, or, if it was killed, from its acknowledgements.
fn account(ended: &Ended, fed: u64) -> Account {
    let acknowledged = ended.stdout.iter().filter(|line| line.contains(ACK)).count() as u64;
    let report = ended.report();
    match (report["acknowledged_rows"].as_u64(), report["unknown_rows"].as_u64()) {
        (Some(reported), Some(unknown)) => {
            Account { acknowledged: reported.max(acknowledged), possible: reported + unknown }
        }
        // It ended before it was a writer: it sent no row.
        _ if ended.code.is_some() => Account { acknowledged, possible: acknowledged },
        _ => Account { acknowledged, possible: fed },
    }
}

/// Feeds a few rows, and the others at their pace once the writer is at work: one that takes long to open
/// would find all of them waiting, be done with them in no time, and be gone before anything can happen to
/// it.
fn feed(
    mut stdin: ChildStdin,
    range: u64,
    input: Input,
    stop: &AtomicBool,
    fed: &AtomicU64,
    acknowledged: impl Fn() -> u64,
) {
    for n in 0..input.rows {
        while n == ROWS_AT_ONCE && acknowledged() == 0 && !stop.load(Ordering::Relaxed) {
            std::thread::sleep(input.pace);
        }
        if stop.load(Ordering::Relaxed) {
            return;
        }
        // Counted before it is sent: too many is a bound, too few would be an accusation.
        fed.store(n + 1, Ordering::Relaxed);
        let line = format!("{{\"n\":{}}}\n", range * WRITER_ROWS + n);
        if stdin.write_all(line.as_bytes()).and_then(|()| stdin.flush()).is_err() {
            return;
        }
        std::thread::sleep(input.pace);
    }
}

const ROWS_AT_ONCE: u64 = 3;
/// How the line of an acknowledgement begins.
pub(super) const ACK: &str = "{\"position\":";

#[cfg(test)]
mod tests {
    use super::*;

    fn ended(code: Option<i32>, lines: &[&str]) -> Ended {
        let stdout = lines.iter().map(|line| (*line).to_owned()).collect();
        Ended { code, stdout, stderr: String::new() }
    }

    #[test]
    fn report_decides_what_may_be_in_the_log() {
        let ack = "{\"position\":2,\"rows\":1}";
        let report = "{\"acknowledged_rows\":2,\"unknown_rows\":3,\"not_in_log_rows\":4}";
        let told = |code, lines: &[&str]| account(&ended(code, lines), 9);
        assert_eq!(told(Some(7), &[ack, ack, report]), Account { acknowledged: 2, possible: 5 });
        assert_eq!(told(None, &[ack]), Account { acknowledged: 1, possible: 9 });
        assert_eq!(told(Some(1), &["{\"error\":{}}"]), Account { acknowledged: 0, possible: 0 });
    }
}
