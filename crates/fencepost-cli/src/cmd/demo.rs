//! `demo`: the whole point of the log, with two real processes on a local directory.
//!
//! A second process appends and is stopped between deciding to write an entry and writing it. This one takes
//! over, reads, checkpoints and collects, and wakes it. What the stalled process then hears is what the log
//! is about.

mod data;
#[cfg(unix)]
mod process;
#[cfg(unix)]
mod stall;
#[cfg(unix)]
mod story;
#[cfg(unix)]
mod writer;

#[cfg(unix)]
pub(super) use story::run;
#[cfg(unix)]
pub(super) use writer::write;

#[cfg(not(unix))]
pub(super) async fn run(_: crate::args::Demo, _: bool) -> Result<(), crate::failure::Failure> {
    Err(unsupported())
}

#[cfg(not(unix))]
pub(super) async fn write(_: crate::args::DemoWriter) -> Result<(), crate::failure::Failure> {
    Err(unsupported())
}

#[cfg(not(unix))]
fn unsupported() -> crate::failure::Failure {
    crate::failure::Failure::new(
        crate::exit::Exit::Failed,
        "the demonstration stops a process with SIGSTOP, which this system does not have",
    )
}
