//! The real `fencepost` command, as processes of their own.

use crate::error::{Error, IoSnafu, Result};
use crate::group::Group;
use crate::server::Access;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, waitid};
use serde_json::Value;
use snafu::ResultExt as _;
use std::io::{BufRead as _, BufReader, Read};
use std::path::PathBuf;
use std::process::{ChildStdin, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Where the command is, and how patient it is told to be.
#[derive(Clone, Debug)]
pub struct Fencepost {
    /// The program.
    pub program: PathBuf,
    /// Words before it, which run it somewhere else.
    pub within: Vec<String>,
    /// How long one request may take.
    pub request_timeout: Duration,
    /// How long a request without an answer is tried again.
    pub retry_timeout: Duration,
    /// The lease's time to live.
    pub lease_ttl: Duration,
}

/// What a run said, and how it ended.
#[derive(Clone, Debug)]
pub struct Ended {
    /// The exit code; none if a signal ended it.
    pub code: Option<i32>,
    /// The lines of stdout.
    pub stdout: Vec<String>,
    /// All of stderr.
    pub stderr: String,
}

impl Ended {
    /// The last line of stdout as JSON, or null.
    #[must_use]
    pub fn report(&self) -> Value {
        self.stdout.last().and_then(|line| serde_json::from_str(line).ok()).unwrap_or(Value::Null)
    }
}

impl Fencepost {
    /// A command line with the log of `access` in its place, which `LOG` marks.
    #[must_use]
    pub fn line(&self, access: &Access, words: &[&str]) -> Command {
        let mut command = match self.within.split_first() {
            None => Command::new(&self.program),
            Some((first, rest)) => {
                let mut command = Command::new(first);
                command.args(rest).arg(&self.program);
                command
            }
        };
        clean(&mut command);
        command.envs(access.env.iter().map(|(name, value)| (name, value)));
        command.args(words.iter().map(|word| if *word == "LOG" { access.location.as_str() } else { word }));
        command.arg("--request-timeout").arg(format!("{}ms", self.request_timeout.as_millis())).arg("--json");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Arguments of everything that opens a writer.
    #[must_use]
    pub fn writer(&self) -> Vec<String> {
        let retry_timeout = format!("{}ms", self.retry_timeout.as_millis());
        let ttl = format!("{}ms", self.lease_ttl.as_millis());
        ["--retry-timeout", &retry_timeout, "--lease-ttl", &ttl].map(str::to_owned).into()
    }

    /// Runs to the end, within `LIMIT`.
    ///
    /// # Errors
    /// It cannot be started or does not end.
    pub fn run(&self, access: &Access, words: &[&str]) -> Result<Ended> {
        run(self.line(access, words))
    }

    /// As [`run`](Self::run), and it must succeed.
    ///
    /// # Errors
    /// [`Error::Command`] with what it said.
    pub fn ok(&self, access: &Access, words: &[&str]) -> Result<Ended> {
        let ended = self.run(access, words)?;
        match ended.code {
            Some(0) => Ok(ended),
            code => Err(Error::Command { line: words.join(" "), code, stderr: ended.stderr }),
        }
    }
}

/// Runs `command` to its end, within `LIMIT`.
pub(crate) fn run(command: Command) -> Result<Ended> {
    // Without the environment, which holds secrets.
    let line = command.get_args().map(|arg| arg.to_string_lossy()).collect::<Vec<_>>().join(" ");
    let ended = Running::start(command)?.end_within(LIMIT);
    ended.ok_or_else(|| Error::Wrong { what: format!("`{line}` did not end within {LIMIT:?}") })
}

/// No setting of the machine reaches a client by accident.
pub(crate) fn clean(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy().to_ascii_uppercase();
        let foreign = ["AWS_", "AZURE_", "AZURITE_", "GOOGLE_", "FENCEPOST_"];
        if foreign.iter().any(|prefix| text.starts_with(prefix)) || text.ends_with("_PROXY") {
            command.env_remove(name);
        }
    }
}

/// A command that goes on while something else happens. Killed when dropped.
#[derive(Debug)]
pub struct Running {
    group: Group,
    stdout: Arc<Mutex<Vec<String>>>,
    stderr: Arc<Mutex<String>>,
    readers: Vec<JoinHandle<()>>,
}

impl Running {
    /// Starts `command`, whose stdout and stderr are pipes.
    ///
    /// # Errors
    /// It cannot be started.
    pub fn start(mut command: Command) -> Result<Self> {
        let mut group = Group::start(&mut command)?;
        let (stdout, stderr) = (Arc::default(), Arc::default());
        let mut readers = Vec::new();
        if let Some(stream) = group.child().stdout.take() {
            let lines = Arc::clone(&stdout);
            readers.push(std::thread::spawn(move || collect(stream, &lines)));
        }
        if let Some(mut stream) = group.child().stderr.take() {
            let text: Arc<Mutex<String>> = Arc::clone(&stderr);
            readers.push(std::thread::spawn(move || {
                let mut bytes = [0; 4096];
                while let Ok(count @ 1..) = stream.read(&mut bytes) {
                    let more = String::from_utf8_lossy(&bytes[..count]);
                    text.lock().unwrap_or_else(PoisonError::into_inner).push_str(&more);
                }
            }));
        }
        Ok(Self { group, stdout, stderr, readers })
    }

    /// Its stdin, where that is a pipe; none the second time.
    pub const fn stdin(&mut self) -> Option<ChildStdin> {
        self.group.child().stdin.take()
    }

    /// The lines of stdout so far.
    #[must_use]
    pub fn said(&self) -> Vec<String> {
        self.stdout.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What is on stderr so far.
    #[must_use]
    pub fn said_on_stderr(&self) -> String {
        self.stderr.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How many lines of stdout contain `text`.
    #[must_use]
    pub fn count(&self, text: &str) -> u64 {
        count(&self.stdout, text)
    }

    /// As [`count`](Self::count), to be asked by another thread.
    pub fn counter(&self, text: &'static str) -> impl Fn() -> u64 + Send + use<> {
        let lines = Arc::clone(&self.stdout);
        move || count(&lines, text)
    }

    /// Waits until at least `count` lines of stdout contain `text`.
    pub fn hears(&self, text: &str, count: u64, retry_timeout: Duration) -> bool {
        let until = Instant::now() + retry_timeout;
        while self.count(text) < count {
            if Instant::now() > until {
                return false;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        true
    }

    /// Whether it ended already.
    pub fn has_ended(&mut self) -> bool {
        self.group.wait(Duration::ZERO).is_some()
    }

    /// Sends a signal.
    pub fn signal(&self, signal: Signal) {
        self.group.signal(signal);
    }

    /// Stops it, and waits until the kernel says so.
    ///
    /// # Errors
    /// It ended instead, and can be waited for as ever.
    pub fn freeze(&mut self) -> Result<()> {
        self.signal(Signal::STOP);
        let pid = Pid::from_child(self.group.child());
        // SUBTLE: an end that is seen here is left to be seen again. A wait that takes it away leaves none to
        // wait for.
        let stopped_or_ended = WaitIdOptions::STOPPED | WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        let waited = waitid(WaitId::Pid(pid), stopped_or_ended);
        let waited = waited.map_err(std::io::Error::from).context(IoSnafu { what: "waiting for a stop" })?;
        match waited {
            Some(status) if status.stopped() => Ok(()),
            _ => crate::error::wrong("a process ended before it could be stopped"),
        }
    }

    /// Lets it go on.
    pub fn thaw(&self) {
        self.signal(Signal::CONT);
    }

    /// Waits for its end; `None`, and it is killed, if that takes longer than `retry_timeout`.
    #[must_use]
    pub fn end_within(mut self, retry_timeout: Duration) -> Option<Ended> {
        let status = self.group.wait(retry_timeout);
        Some(self.ended(status?.code()))
    }

    /// Kills it.
    #[must_use]
    pub fn kill(mut self) -> Ended {
        self.group.kill();
        self.ended(None)
    }

    fn ended(mut self, code: Option<i32>) -> Ended {
        self.readers.drain(..).for_each(|reader| _ = reader.join());
        Ended { code, stdout: self.said(), stderr: self.said_on_stderr() }
    }
}

fn count(lines: &Mutex<Vec<String>>, text: &str) -> u64 {
    let lines = lines.lock().unwrap_or_else(PoisonError::into_inner);
    lines.iter().filter(|line| line.contains(text)).count() as u64
}

fn collect(stream: impl Read, lines: &Mutex<Vec<String>>) {
    for line in BufReader::new(stream).lines() {
        let Ok(line) = line else { return };
        lines.lock().unwrap_or_else(PoisonError::into_inner).push(line);
    }
}

/// Longer than any retry timeout that is asked of a command here.
const LIMIT: Duration = Duration::from_secs(120);

#[cfg(test)]
mod tests {
    use super::*;

    /// A writer that ended in the very moment in which it was to be stopped was waited for in vain, and the
    /// round failed.
    #[test]
    fn process_that_ended_before_it_could_be_stopped_can_still_be_waited_for() {
        let mut command = Command::new("sh");
        command
            .args(["-c", "echo done; exit 3"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut running = Running::start(command).unwrap();
        assert!(running.hears("done", 1, LIMIT));
        // Its output may be there before its end is.
        while running.freeze().is_ok() {
            running.thaw();
        }
        assert_eq!(running.end_within(LIMIT).unwrap().code, Some(3));
    }

    #[test]
    fn process_that_was_stopped_goes_on_when_it_is_thawed() {
        let mut command = Command::new("cat");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut running = Running::start(command).unwrap();
        running.freeze().unwrap();
        let mut stdin = running.stdin().unwrap();
        std::io::Write::write_all(&mut stdin, b"hello\n").unwrap();
        drop(stdin);
        assert!(!running.has_ended() && running.said().is_empty());
        running.thaw();
        let ended = running.end_within(LIMIT).unwrap();
        assert_eq!((ended.code, ended.stdout), (Some(0), vec!["hello".to_owned()]));
    }
}
