//! The command that a standby runs while it holds the log.

use crate::exit::Exit;
use crate::failure::Failure;
use std::io::{self, Read};
use std::process::{ChildStdout, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// A command that runs. Killed when dropped, with all that it started.
pub(super) struct Child(Arc<Mutex<State>>);

struct State {
    child: std::process::Child,
    status: Option<ExitStatus>,
}

impl State {
    /// Its end, if it has ended. Once that is known, its id may be another's.
    fn ended(&mut self) -> bool {
        if self.status.is_none() {
            self.status = self.child.try_wait().ok().flatten();
        }
        self.status.is_some()
    }

    #[cfg(unix)]
    fn signal(&self, gently: bool) {
        use rustix::process::{Pid, Signal, kill_process_group};
        let signal = if gently { Signal::TERM } else { Signal::KILL };
        let _ = kill_process_group(Pid::from_child(&self.child), signal);
    }

    #[cfg(not(unix))]
    fn signal(&mut self, _gently: bool) {
        let _ = self.child.kill();
    }
}

impl Child {
    /// Starts it in a process group of its own, so that a signal of the terminal does not reach it before its
    /// rows are in the log. What it prints ends when it has ended.
    pub(super) fn start(
        command: &[String],
        variables: &[(&str, String)],
    ) -> Result<(Self, Box<dyn Read + Send>), Failure> {
        let (program, args) = command.split_first().expect("the caller looked");
        let mut prepared = Command::new(program);
        prepared.args(args).stdin(Stdio::null()).stdout(Stdio::piped());
        prepared.envs(variables.iter().map(|(name, value)| (name, value)));
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut prepared, 0);
        let mut child = prepared.spawn().map_err(|error| {
            Failure::of(Exit::Input, &error)
                .while_doing(format_args!("`{program}` cannot be run"))
                .with_advice("The log was taken over and closed; nothing was appended.")
        })?;
        let stdout = child.stdout.take().expect("stdout was asked for as a pipe");
        let state = Arc::new(Mutex::new(State { child, status: None }));
        let printed = Printed { stdout, state: Arc::clone(&state) };
        Ok((Self(state), Box::new(printed)))
    }

    /// Asks it to end, and kills it after `grace`. Nothing happens if it has ended.
    pub(super) async fn end(&self, grace: Duration) {
        if self.with(State::ended) {
            return;
        }
        self.with(|state| state.signal(true));
        let until = tokio::time::Instant::now() + grace;
        while tokio::time::Instant::now() < until {
            tokio::time::sleep(LOOK_EVERY).await;
            if self.with(State::ended) {
                return;
            }
        }
        self.with(|state| state.signal(false));
        while !self.with(State::ended) {
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// How it ended.
    pub(super) fn status(&self) -> Option<ExitStatus> {
        self.with(|state| state.status)
    }

    fn with<T>(&self, look: impl FnOnce(&mut State) -> T) -> T {
        look(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.with(|state| {
            if !state.ended() {
                state.signal(false);
                let _ = state.child.wait();
            }
        });
    }
}

/// What the command prints. Its end is the command's end: a command may close its output and go on, and it is
/// the leader as long as it runs.
struct Printed {
    stdout: ChildStdout,
    state: Arc<Mutex<State>>,
}

impl Read for Printed {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let count = self.stdout.read(out)?;
        if count == 0 && !out.is_empty() {
            while !self.state.lock().unwrap_or_else(PoisonError::into_inner).ended() {
                std::thread::sleep(LOOK_EVERY);
            }
        }
        Ok(count)
    }
}

/// How often is looked whether it has ended.
const LOOK_EVERY: Duration = Duration::from_millis(20);
