//! Processes in groups of their own, all of which end with us, however we end.

use crate::error::{IoSnafu, Result};
use rustix::process::{Pid, Signal, kill_process_group};
use snafu::ResultExt as _;
use std::collections::BTreeSet;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, ExitStatus};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A process that leads a group. Dropping it kills the whole group, and nothing else.
#[derive(Debug)]
pub struct Group {
    child: Child,
    leader: Pid,
    reaped: bool,
}

impl Group {
    /// Starts `command` as the leader of a group of its own.
    ///
    /// # Errors
    /// The program cannot be started.
    pub fn start(command: &mut Command) -> Result<Self> {
        let what = format!("starting {}", command.get_program().to_string_lossy());
        let child = command.process_group(0).spawn().context(IoSnafu { what })?;
        let leader = Pid::from_child(&child);
        register(leader);
        Ok(Self { child, leader, reaped: false })
    }

    /// The leader's standard streams, to take them.
    pub const fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    /// Sends `signal` to every process of the group. A group that is gone already is left in peace.
    pub fn signal(&self, signal: Signal) {
        if !self.reaped {
            let _ = kill_process_group(self.leader, signal);
        }
    }

    /// Waits for the leader to end, at most `retry_timeout`; `None` if it goes on.
    pub fn wait(&mut self, retry_timeout: Duration) -> Option<ExitStatus> {
        let until = Instant::now() + retry_timeout;
        loop {
            match self.child.try_wait() {
                Ok(Some(status)) => return Some(status),
                Err(_) => return None,
                Ok(None) if Instant::now() >= until => return None,
                Ok(None) => std::thread::sleep(POLL),
            }
        }
    }

    /// Kills the group (signal 9) and waits until the leader is gone.
    pub fn kill(&mut self) {
        self.signal(Signal::KILL);
        let _ = self.child.wait();
        self.reaped = true;
        forget(self.leader);
    }

    /// Asks the group to end, and kills what is left of it.
    pub fn end(&mut self, retry_timeout: Duration) {
        self.signal(Signal::TERM);
        let _ = self.wait(retry_timeout);
        self.kill();
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if !self.reaped {
            self.kill();
        }
    }
}

/// Kills every group that is still alive. For a program that is told to end.
pub fn kill_all() {
    for leader in LEADERS.lock().unwrap_or_else(PoisonError::into_inner).iter() {
        if let Some(leader) = Pid::from_raw(*leader) {
            let _ = kill_process_group(leader, Signal::KILL);
        }
    }
}

fn register(leader: Pid) {
    LEADERS.lock().unwrap_or_else(PoisonError::into_inner).insert(leader.as_raw_nonzero().get());
}

fn forget(leader: Pid) {
    LEADERS.lock().unwrap_or_else(PoisonError::into_inner).remove(&leader.as_raw_nonzero().get());
}

static LEADERS: Mutex<BTreeSet<i32>> = Mutex::new(BTreeSet::new());
const POLL: Duration = Duration::from_millis(5);

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{BufRead as _, BufReader};
    use std::process::Stdio;

    /// A server's helpers must not outlive it: they would keep its ports and its files.
    #[test]
    fn group_ends_with_its_grandchildren() {
        let mut command = Command::new("sh");
        command.args(["-c", "sleep 1000 & echo $!; wait"]).stdout(Stdio::piped());
        let mut group = Group::start(&mut command).unwrap();
        let mut lines = BufReader::new(group.child().stdout.take().unwrap()).lines();
        let grandchild: i32 = lines.next().unwrap().unwrap().parse().unwrap();
        drop(group);
        // The pipe's other end is held by the grandchild too: it reads to its end once both are gone.
        assert!(lines.next().is_none());
        assert!(grandchild > 0);
    }
}
