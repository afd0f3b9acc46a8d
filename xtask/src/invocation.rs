//! One command line: how it reads, how it runs, and how many tests it reported.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::io::{self, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::Serialize;
use snafu::ResultExt as _;

use crate::error::{Result, StartSnafu};

/// A command to run, kept as data so that it can be shown before it runs.
#[derive(Clone, Debug)]
pub(crate) struct Invocation {
    program: String,
    args: Vec<String>,
    dir: PathBuf,
    env: Vec<(&'static str, OsString)>,
    hides_own_package: bool,
}

/// What became of a command.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Exit {
    pub(crate) success: bool,
    pub(crate) tests: TestCount,
}

/// The sum of the `test result:` lines that a command printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct TestCount {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
}

impl Invocation {
    /// A command of `cargo`, the very one that runs this program.
    pub(crate) fn cargo<A: Into<String>>(dir: &Path, args: impl IntoIterator<Item = A>) -> Self {
        Self::new("cargo", dir, args)
    }

    pub(crate) fn new<A: Into<String>>(program: &str, dir: &Path, args: impl IntoIterator<Item = A>) -> Self {
        Self {
            program: program.to_owned(),
            args: args.into_iter().map(Into::into).collect(),
            dir: dir.to_owned(),
            env: Vec::new(),
            hides_own_package: false,
        }
    }

    pub(crate) fn with_env(mut self, name: &'static str, value: impl Into<OsString>) -> Self {
        self.env.push((name, value.into()));
        self
    }

    /// Hides from the command which package this program is: `cargo run` says so in variables that some build
    /// scripts (that of `ring`) watch, and everything above them would be built once for `cargo build` and
    /// once for us.
    pub(crate) fn without_own_package(mut self) -> Self {
        self.hides_own_package = true;
        self
    }

    /// Runs with the terminal as it is: nothing is read, nothing is counted.
    pub(crate) fn run_directly(&self) -> Result<bool> {
        let status = self.command().status().context(StartSnafu { command: self.to_string() })?;
        Ok(status.success())
    }

    /// Runs to the end, collects stdout, and keeps quiet about both streams.
    pub(crate) fn capture(&self) -> Result<std::process::Output> {
        self.command().stdin(Stdio::null()).output().context(StartSnafu { command: self.to_string() })
    }

    /// Runs and passes stdout on line by line to `out`, counting the tests reported there.
    pub(crate) fn run_counting(&self, out: &mut dyn io::Write) -> Result<Exit> {
        let started = self.command().stdin(Stdio::null()).stdout(Stdio::piped()).spawn();
        let mut child = started.context(StartSnafu { command: self.to_string() })?;
        let stdout = child.stdout.take().expect("stdout was asked to be piped one line above");
        let tests = tee(BufReader::new(stdout), out).context(StartSnafu { command: self.to_string() })?;
        let status = child.wait().context(StartSnafu { command: self.to_string() })?;
        Ok(Exit { success: status.success(), tests })
    }

    fn command(&self) -> Command {
        let program = match self.program.as_str() {
            "cargo" => std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()),
            other => other.into(),
        };
        let mut command = Command::new(program);
        if self.hides_own_package {
            for (name, _) in std::env::vars_os().filter(|(name, _)| describes_package(name)) {
                command.env_remove(name);
            }
        }
        command.args(&self.args).current_dir(&self.dir).envs(self.env.iter().map(|(k, v)| (k, v)));
        command
    }
}

impl fmt::Display for Invocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, value) in &self.env {
            write!(f, "{name}={} ", quoted(&value.to_string_lossy()))?;
        }
        write!(f, "{}", self.program)?;
        for arg in &self.args {
            write!(f, " {}", quoted(arg))?;
        }
        Ok(())
    }
}

fn describes_package(variable: &OsStr) -> bool {
    let name = variable.to_string_lossy();
    name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_")
}

fn quoted(word: &str) -> String {
    if word.is_empty() || word.contains(' ') { format!("'{word}'") } else { word.to_owned() }
}

fn tee(mut from: impl io::BufRead, to: &mut dyn io::Write) -> io::Result<TestCount> {
    let mut tests = TestCount::default();
    let mut line = Vec::new();
    while from.read_until(b'\n', &mut line)? > 0 {
        to.write_all(&line)?;
        to.flush()?;
        tests.add_line(&String::from_utf8_lossy(&line));
        line.clear();
    }
    Ok(tests)
}

impl TestCount {
    /// Adds a line such as `test result: ok. 12 passed; 0 failed; 0 ignored; …`; other lines count nothing.
    fn add_line(&mut self, line: &str) {
        // In terse mode the closing line may follow the dots of the tests without a line break.
        let Some((_, counts)) = line.split_once("test result: ") else { return };
        let number_before = |word: &str| -> u64 {
            let before = counts.split_once(word).map(|(before, _)| before.trim_end());
            before.and_then(|b| b.rsplit([' ', ';']).next()).and_then(|n| n.parse().ok()).unwrap_or(0)
        };
        self.passed += number_before(" passed");
        self.failed += number_before(" failed");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closing_lines_of_several_binaries_add_up() {
        let output = "running 3 tests\n...\ntest result: ok. 3 passed; 0 failed; 0 ignored; 0 measured\n\
                      test result: FAILED. 11 passed; 2 failed; 0 ignored\nunrelated 9 passed\n";
        let mut copy = Vec::new();
        let count = tee(output.as_bytes(), &mut copy).unwrap();
        assert_eq!(count, TestCount { passed: 14, failed: 2 });
        assert_eq!(copy, output.as_bytes());
    }

    #[test]
    fn command_is_shown_as_it_would_be_typed() {
        let doc =
            Invocation::cargo(Path::new("."), ["doc", "--no-deps"]).with_env("RUSTDOCFLAGS", "-D warnings");
        assert_eq!(doc.to_string(), "RUSTDOCFLAGS='-D warnings' cargo doc --no-deps");
    }

    #[test]
    fn missing_program_is_an_error_with_its_name() {
        let error = Invocation::new("no-such-program-here", Path::new("."), ["x"]).capture().unwrap_err();
        assert!(error.to_string().contains("no-such-program-here x"), "{error}");
    }
}
