//! The second process, as the first one sees it.

use crate::args::DemoWriter;
use crate::exit::Exit;
use crate::failure::Failure;
use rustix::process::{Pid, Signal, WaitOptions, kill_process, waitpid};
use serde_json::Value;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Stdio};
use std::time::Duration;
use tokio::sync::mpsc;

/// A child process that is killed when this is dropped, stopped or not.
pub(super) struct Process {
    child: Child,
    pid: Pid,
    lines: mpsc::UnboundedReceiver<Value>,
}

impl Process {
    /// Starts this program once more.
    pub(super) fn start(args: &DemoWriter) -> Result<Self, Failure> {
        let failed =
            |error: &std::io::Error| Failure::of(Exit::Failed, error).while_doing("the second process");
        let mut child = crate::this_program()
            .map_err(|error| failed(&error))?
            .arg("demo-writer")
            .arg(&args.directory)
            .arg(args.acknowledged.to_string())
            .arg(args.rows.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| failed(&error))?;
        let (sender, lines) = mpsc::unbounded_channel();
        let stdout = BufReader::new(child.stdout.take().expect("stdout was asked for as a pipe"));
        std::thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                if serde_json::from_str(&line).is_ok_and(|value| sender.send(value).is_ok()) {
                    continue;
                }
                return;
            }
        });
        Ok(Self { pid: Pid::from_child(&child), child, lines })
    }

    pub(super) fn id(&self) -> u32 {
        self.child.id()
    }

    /// The next thing that it says.
    pub(super) async fn hear(&mut self) -> Result<Value, Failure> {
        match tokio::time::timeout(HEAR_TIMEOUT, self.lines.recv()).await {
            Ok(Some(said)) => Ok(said),
            Ok(None) => Err(Failure::new(Exit::Failed, "the second process ended too early")),
            Err(_) => Err(Failure::new(Exit::Failed, "the second process said nothing for 20 seconds")),
        }
    }

    /// Stops it, and returns once the system says that it stands still.
    pub(super) fn stop(&self) -> Result<(), Failure> {
        let failed = |error: rustix::io::Errno| {
            Failure::of(Exit::Failed, &error).while_doing("stopping the second process")
        };
        kill_process(self.pid, Signal::STOP).map_err(failed)?;
        match waitpid(Some(self.pid), WaitOptions::UNTRACED).map_err(failed)? {
            Some((_, status)) if status.stopped() => Ok(()),
            _ => Err(Failure::new(Exit::Failed, "the second process ended instead of stopping")),
        }
    }

    /// Lets it go on with the PUT that it was about to send.
    pub(super) fn wake(&mut self) -> Result<(), Failure> {
        let failed = |error: &(dyn std::error::Error + 'static)| {
            Failure::of(Exit::Failed, error).while_doing("waking the second process")
        };
        if let Some(mut stdin) = self.child.stdin.take() {
            stdin.write_all(b"\n").map_err(|error| failed(&error))?;
        }
        kill_process(self.pid, Signal::CONT).map_err(|error| failed(&error))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

const HEAR_TIMEOUT: Duration = Duration::from_secs(20);
