//! Opening a writer, telling people when it has to wait.

use crate::args::WriterArgs;
use crate::failure::Failure;
use crate::output::note_line;
use fencepost::{Escaped, OpenWriterError, WaitingFor, Wal, Writer, WriterOptions};

/// The options that all commands that write have in common.
pub(super) fn options(args: &WriterArgs) -> WriterOptions {
    WriterOptions::new()
        .with_lease_ttl(Some(args.lease_ttl))
        .with_pipelining(args.pipelining.into())
        .with_holder(args.holder.clone().unwrap_or_else(default_holder))
}

/// Opens a writer. One that has to wait says so first, and for whom.
pub(super) async fn writer(wal: &Wal, args: &WriterArgs, options: WriterOptions) -> Result<Writer, Failure> {
    writer_telling(wal, args, options, |_| ()).await
}

/// As [`writer`], and `on_wait` hears of the wait as well.
pub(super) async fn writer_telling(
    wal: &Wal,
    args: &WriterArgs,
    options: WriterOptions,
    mut on_wait: impl FnMut(&WaitingFor) + Send,
) -> Result<Writer, Failure> {
    let options = waits(options, args);
    let on_wait = |holder: &WaitingFor| {
        tell(holder, args);
        on_wait(holder);
    };
    wal.open_writer_with(options, on_wait).await.map_err(explain)
}

/// The options of a writer that waits as the arguments say.
pub(super) fn waiting_options(args: &WriterArgs) -> WriterOptions {
    waits(options(args), args)
}

fn waits(options: WriterOptions, args: &WriterArgs) -> WriterOptions {
    options.with_takeover(args.takeover.into()).with_wait_timeout(args.wait_timeout)
}

/// Says for whom a writer waits.
pub(super) fn tell(holder: &WaitingFor, args: &WriterArgs) {
    let WaitingFor { epoch, holder, ttl, .. } = holder;
    let limit = args.wait_timeout.map_or_else(String::new, |limit| {
        format!(" (for {} at most, --wait-timeout)", humantime::format_duration(limit))
    });
    note_line(format_args!(
        "waiting: epoch {epoch} (`{}`) holds the log; taking over once it releases the log or gives no sign of life for {} ms{limit}",
        Escaped(holder),
        ttl.as_millis()
    ));
}

fn explain(error: OpenWriterError) -> Failure {
    let advice = match &error {
        OpenWriterError::Held { .. } => {
            "Wait for it with --takeover expired, or take over with --takeover now."
        }
        OpenWriterError::Fenced { .. } => {
            "No row was written. Run the command again to wait for that writer."
        }
        _ => "",
    };
    let kind = error.kind();
    let failure = Failure { kind: Some(kind), ..Failure::from(error) };
    if advice.is_empty() { failure } else { failure.with_advice(advice) }
}

/// Host and process.
pub(super) fn default_holder() -> String {
    #[cfg(unix)]
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    #[cfg(not(unix))]
    let host = "fencepost".to_owned();
    format!("{host}:{}", std::process::id())
}
