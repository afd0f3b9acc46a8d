//! Running the command and looking at what it left.

use serde_json::Value;
use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_fencepost");

/// What a run said, and how it ended.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: String,
}

impl Run {
    pub(crate) fn new(output: Output) -> Self {
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!stderr.contains("panicked"), "it panicked: {stderr}");
        Self { code: output.status.code(), stdout: output.stdout, stderr }
    }

    #[track_caller]
    pub(crate) fn ok(self) -> Self {
        assert_eq!(self.code, Some(0), "{}\n{}", self.text(), self.stderr);
        self
    }

    /// It failed with this code and said this.
    #[track_caller]
    pub(crate) fn fails(self, code: i32, saying: &str) -> Self {
        assert_eq!(self.code, Some(code), "{}\n{}", self.text(), self.stderr);
        assert!(self.stderr.contains(saying), "`{saying}` is not in: {}", self.stderr);
        self
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    /// The last line of stdout.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        let text = self.text();
        let last =
            text.lines().last().unwrap_or_else(|| panic!("nothing on stdout; stderr: {}", self.stderr));
        serde_json::from_str(last).unwrap_or_else(|error| panic!("{error}: {last}"))
    }

    /// Every line of stdout.
    #[track_caller]
    pub(crate) fn lines(&self) -> Vec<Value> {
        self.text()
            .lines()
            .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
            .collect()
    }
}

pub(crate) fn command<S: AsRef<OsStr>>(args: impl IntoIterator<Item = S>) -> Command {
    let mut command = Command::new(PROGRAM);
    command
        .args(args)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .env_remove("FENCEPOST_LOG");
    command
}

pub(crate) fn run<S: AsRef<OsStr>>(args: impl IntoIterator<Item = S>) -> Run {
    Run::new(command(args).output().unwrap())
}

/// Runs with `input` on stdin.
pub(crate) fn run_with<S: AsRef<OsStr>>(args: impl IntoIterator<Item = S>, input: &[u8]) -> Run {
    let mut child = command(args).stdin(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    let feeding = std::thread::spawn(move || {
        let _ = stdin.write_all(&input);
    });
    let output = child.wait_with_output().unwrap();
    feeding.join().unwrap();
    Run::new(output)
}

/// A folder that goes away with the test: a log, and files beside it.
pub(crate) struct Scratch(tempfile::TempDir);

impl Scratch {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Where the log is.
    pub(crate) fn log(&self) -> String {
        self.path("log").display().to_string()
    }

    /// A file of `rows` NDJSON rows, `{"n": from}` and so on.
    pub(crate) fn numbers(&self, name: &str, from: u64, rows: u64) -> String {
        let path = self.path(name);
        let text: String = (from..from + rows).map(|n| format!("{{\"n\":{n}}}\n")).collect();
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    }

    /// The object of the entry at `position`.
    pub(crate) fn entry(&self, position: u64) -> PathBuf {
        self.shard().join("wal").join(format!("{:064b}.arrow", position.reverse_bits()))
    }

    /// The folder of the only shard.
    pub(crate) fn shard(&self) -> PathBuf {
        let shards = Path::new(&self.log()).join("_mem_wal");
        let mut found = std::fs::read_dir(shards).unwrap();
        let shard = found.next().unwrap().unwrap().path();
        assert!(found.next().is_none(), "one shard");
        shard
    }

    /// The `n` of every row from position `from` on.
    #[track_caller]
    pub(crate) fn read_numbers(&self, from: u64) -> Vec<u64> {
        numbers(&run(["tail", &self.log(), "--from", &from.to_string()]).ok())
    }
}

/// Feeds rows to a command, all at once.
pub(crate) fn feed(stdin: &mut impl Write, from: u64, rows: u64) {
    let text: String = (from..from + rows).map(|n| format!("{{\"n\":{n}}}\n")).collect();
    stdin.write_all(text.as_bytes()).unwrap();
    stdin.flush().unwrap();
}

/// The `n` of every row that was printed.
pub(crate) fn numbers(run: &Run) -> Vec<u64> {
    run.lines().iter().map(|row| row["n"].as_u64().unwrap()).collect()
}

/// A run that goes on while the test does something else. Killed when dropped.
pub(crate) struct Running {
    child: Child,
    stdout: Receiver<String>,
    stderr: Receiver<String>,
}

impl Running {
    pub(crate) fn start(mut command: Command) -> Self {
        let mut child = command.spawn().unwrap();
        let stdout = lines_of(child.stdout.take().unwrap());
        let stderr = lines_of(child.stderr.take().unwrap());
        Self { child, stdout, stderr }
    }

    pub(crate) fn stdin(&mut self) -> std::process::ChildStdin {
        self.child.stdin.take().unwrap()
    }

    pub(crate) fn pid(&self) -> rustix::process::Pid {
        rustix::process::Pid::from_child(&self.child)
    }

    /// The next line on stdout.
    #[track_caller]
    pub(crate) fn hear(&self) -> Value {
        let line = self.stdout.recv_timeout(RETRY_TIMEOUT).expect("a line on stdout");
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"))
    }

    /// Waits until nobody writes to stdout any more.
    #[track_caller]
    pub(crate) fn hear_the_end(&self) {
        let until = Instant::now() + RETRY_TIMEOUT;
        loop {
            match self.stdout.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(_) => {}
                Err(RecvTimeoutError::Disconnected) => return,
                Err(RecvTimeoutError::Timeout) => panic!("stdout is still open"),
            }
        }
    }

    /// The next line on stderr that has `text` in it.
    #[track_caller]
    pub(crate) fn hear_stderr(&self, text: &str) -> String {
        let until = Instant::now() + RETRY_TIMEOUT;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let line =
                self.stderr.recv_timeout(left).unwrap_or_else(|_| panic!("nothing with `{text}` on stderr"));
            if line.contains(text) {
                return line;
            }
        }
    }

    pub(crate) fn signal(&self, signal: rustix::process::Signal) {
        rustix::process::kill_process(self.pid(), signal).unwrap();
    }

    /// Kills it and returns what it had said on stdout.
    pub(crate) fn kill(mut self) -> Vec<Value> {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.rest()
    }

    /// Waits for its end: the code, what it said on stdout since, and all that is left of stderr.
    pub(crate) fn wait(mut self) -> (Option<i32>, Vec<Value>, String) {
        let said = self.rest();
        let code = self.child.wait().unwrap().code();
        let stderr: Vec<String> = self.stderr.iter().collect();
        (code, said, stderr.join("\n"))
    }

    /// Everything on stdout until it is closed. The last line may be cut off.
    fn rest(&self) -> Vec<Value> {
        self.stdout.iter().filter_map(|line| serde_json::from_str(&line).ok()).collect()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn lines_of(pipe: impl std::io::Read + Send + 'static) -> Receiver<String> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(pipe).lines().map_while(Result::ok) {
            let _ = sender.send(line);
        }
    });
    receiver
}

/// Numbers that look random; a test names its seed.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

/// How long a test waits for something that should come at once.
const RETRY_TIMEOUT: Duration = Duration::from_secs(60);
