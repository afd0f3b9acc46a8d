//! Everything on one server, and all servers at once.

use crate::check;
use crate::command::{Fencepost, clean, run as run_command};
use crate::error::{Error, IoSnafu, Result, wrong};
use crate::install::install;
use crate::kind::{Expect, Kind};
use crate::matrix::{Check, Matrix, Row};
use crate::round::Rounds;
use crate::server::{Access, Server};
use serde_json::Value;
use snafu::ResultExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// What to run, and where.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The `fencepost` command.
    pub fencepost: PathBuf,
    /// This program: parts of it run in processes of their own.
    pub myself: PathBuf,
    /// Where servers are installed and keep their data.
    pub dir: PathBuf,
    /// Which servers.
    pub servers: Vec<Kind>,
    /// How many rounds on each.
    pub rounds: u64,
    /// What decides the plans.
    pub seed: u64,
    /// How many servers at the same time.
    pub jobs: usize,
    /// Whether a server that cannot be installed is a failure.
    pub must_install: bool,
}

/// Runs everything and says what came of it.
#[must_use]
pub fn run(settings: &Settings) -> Matrix {
    let waiting = Mutex::new(settings.servers.iter().copied().enumerate());
    let rows = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..settings.jobs.max(1) {
            scope.spawn(|| {
                loop {
                    let next = waiting.lock().map_or(None, |mut waiting| waiting.next());
                    let Some((index, kind)) = next else { return };
                    let row = One { settings, kind, row: Row::new(kind) }.run();
                    if let Ok(mut rows) = rows.lock() {
                        rows.push((index, row));
                    }
                }
            });
        }
    });
    let mut rows = rows.into_inner().unwrap_or_default();
    rows.sort_by_key(|(index, _)| *index);
    Matrix::new(settings.seed, rows.into_iter().map(|(_, row)| row).collect())
}

/// One server.
struct One<'a> {
    settings: &'a Settings,
    kind: Kind,
    row: Row,
}

impl One<'_> {
    fn run(mut self) -> Row {
        let started = Instant::now();
        match self.start() {
            Ok(mut server) => {
                self.check_all(&mut server);
                drop(server);
                // After a failure its data and its output may explain something.
                if self.row.is_green() {
                    let _ = std::fs::remove_dir_all(self.data());
                }
            }
            Err(error) if error.is_install() && !self.settings.must_install => {
                self.say(&format!("SKIPPED: {error}"));
                self.row.skipped = Some(error.to_string());
            }
            Err(error) => self.record("start", started, Err(error)),
        }
        self.row
    }

    fn start(&mut self) -> Result<Server> {
        self.say("installing, if need be");
        let installed = install(self.kind, &self.settings.dir.join("install"))?;
        self.row.version.clone_from(&installed.version);
        let (server, took) = Server::start(self.kind, &installed, &self.data())?;
        self.row.start_seconds = Some(took.as_secs_f64());
        self.say(&format!("version {}, up in {:.1} s", installed.version, took.as_secs_f64()));
        Ok(server)
    }

    /// The server's data, apart from those of other runs.
    fn data(&self) -> PathBuf {
        self.settings.dir.join("data").join(format!("{}-{}", self.kind, std::process::id()))
    }

    fn check_all(&mut self, server: &mut Server) {
        let scratch = self.data().with_extension("scratch");
        let started = Instant::now();
        if let Err(source) = std::fs::create_dir_all(&scratch) {
            let what = format!("making {}", scratch.display());
            return self.record("start", started, Err(Error::Io { what, source }));
        }
        let calm = Fencepost {
            program: self.settings.fencepost.clone(),
            within: Vec::new(),
            request_timeout: Duration::from_secs(30),
            retry_timeout: Duration::from_secs(60),
            lease_ttl: Duration::from_secs(2),
        };
        let (kind, myself) = (self.kind, self.settings.myself.as_path());
        match kind.facts().expect {
            Expect::Safe => {
                self.check("conformance", || {
                    let verdict = ask(myself, "conformance", &server.access("conformance", None))?;
                    if verdict["safe"] == true { Ok(verdict) } else { wrong(verdict.to_string()) }
                });
                if kind.facts().has_settings {
                    self.check("settings", || {
                        check::settings::are_seen(server, |access| ask(myself, "settings", access))?;
                        Ok(Value::Null)
                    });
                }
                self.check("facade", || ask(myself, "facade", &server.access("facade", None)));
                self.check("command", || {
                    check::commands::integrate(&calm, &server.access("command", None), &scratch)?;
                    Ok(Value::Null)
                });
                self.check("standby", || {
                    let access = server.access("standby", None);
                    check::standby::refuses_the_woken(&calm, &access, &scratch)?;
                    Ok(Value::Null)
                });
                if self.settings.rounds > 0 {
                    self.rounds(server, calm, &scratch);
                }
            }
            // Either verdict is recorded, and neither is a success or a failure of ours.
            Expect::Racy => {
                self.check("conformance", || ask(myself, "conformance", &server.access("conformance", None)))
            }
            Expect::Refused => {
                self.check("conformance", || {
                    let verdict = ask(myself, "conformance", &server.access("conformance", None))?;
                    if verdict["safe"] == false { Ok(verdict) } else { wrong("it was taken for safe") }
                });
                if kind == Kind::S3sFs {
                    // It loses races only, so what one run of the command sees is luck.
                    return;
                }
                self.check("refusal", || {
                    check::refused::by_the_command(&calm, &server.access("refused", None), &scratch)?;
                    let loss = ask(myself, "unprobed", &server.access("unprobed", None))?;
                    if loss["lost"].as_u64() > Some(0) {
                        Ok(loss)
                    } else {
                        wrong(format!("nothing was lost: {loss}"))
                    }
                });
            }
        }
        let _ = std::fs::remove_dir_all(&scratch);
    }

    fn rounds(&mut self, server: &mut Server, calm: Fencepost, scratch: &Path) {
        let started = Instant::now();
        let mut rounds = match Rounds::new(server, calm, scratch.to_owned(), self.settings.seed) {
            Ok(rounds) => rounds,
            Err(error) => return self.record("rounds", started, Err(error)),
        };
        let mut played = Ok(());
        for round in 1..=self.settings.rounds + EXTRA_ROUNDS_MAX {
            // A kind that found nobody to happen to gets a few more chances: it proved nothing yet.
            let missing = !rounds.outcome.faults.never_happened().is_empty();
            if played.is_err() || (round > self.settings.rounds && !missing) {
                break;
            }
            played = rounds.play();
            if round % 10 == 0 || round == self.settings.rounds {
                let (count, seconds) = (rounds.outcome.faults.total(), started.elapsed().as_secs());
                self.say(&format!("round {round} of {}, {count} faults, {seconds} s", self.settings.rounds));
            }
        }
        let played = played.and_then(|()| rounds.finish()).and_then(|()| {
            match rounds.outcome.faults.never_happened().as_slice() {
                [] => Ok(Value::Null),
                never => wrong(format!("faults were scheduled and never happened: {never:?}")),
            }
        });
        self.row.rounds = Some(rounds.outcome.clone());
        self.record("rounds", started, played);
    }

    fn check(&mut self, name: &'static str, check: impl FnOnce() -> Result<Value>) {
        let started = Instant::now();
        let result = check();
        self.record(name, started, result);
    }

    fn record(&mut self, name: &'static str, started: Instant, result: Result<Value>) {
        let seconds = started.elapsed().as_secs_f64();
        let (passed, detail) = match result {
            Ok(Value::Null) => (true, String::new()),
            Ok(detail) => (true, detail.to_string()),
            Err(error) => (false, error.to_string()),
        };
        let verdict = if passed { "ok" } else { "FAILED" };
        self.say(&format!("{name}: {verdict} in {seconds:.1} s {detail}"));
        self.row.checks.push(Check { name, passed, detail, seconds });
    }

    fn say(&self, what: &str) {
        eprintln!("{:<10} {what}", self.kind.facts().name);
    }
}

/// A part of this program, in a process with the store's settings: it says one line of JSON.
fn ask(myself: &Path, part: &str, access: &Access) -> Result<Value> {
    let mut command = Command::new(myself);
    clean(&mut command);
    command.arg(part).arg(&access.location).envs(access.env.iter().map(|(name, value)| (name, value)));
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let ended = run_command(command)?;
    match ended.code {
        Some(0) => Ok(ended.report()),
        code => Err(Error::Command { line: part.to_owned(), code, stderr: ended.stderr }),
    }
}

const EXTRA_ROUNDS_MAX: u64 = 6;

/// A runtime for the parts that run in processes of their own.
///
/// # Errors
/// No threads.
pub fn runtime() -> Result<tokio::runtime::Runtime> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.context(IoSnafu { what: "a runtime" })
}
