//! Opening a writer, telling people when it has to wait.

use crate::args::{TakeoverArg, WriterArgs};
use crate::failure::Failure;
use crate::output::note_line;
use fencepost::{Escaped, OpenWriterError, Takeover, Wal, Writer, WriterOptions};

/// The options that all commands that write have in common.
pub(super) fn options(args: &WriterArgs) -> WriterOptions {
    WriterOptions::new()
        .with_lease_ttl(Some(args.lease_ttl))
        .with_pipelining(args.pipelining.into())
        .with_holder(args.holder.clone().unwrap_or_else(default_holder))
}

/// Opens a writer. One that has to wait says so first, and for whom.
pub(super) async fn writer(wal: &Wal, args: &WriterArgs, options: WriterOptions) -> Result<Writer, Failure> {
    if args.takeover == TakeoverArg::Expired {
        match wal.open_writer(options.clone().with_takeover(Takeover::Free)).await {
            Err(OpenWriterError::Held { epoch, holder, ttl_ms }) => note_line(format_args!(
                "waiting: epoch {epoch} (`{}`) holds the log; taking over once it lets go or gives no sign of life for {ttl_ms} ms",
                Escaped(&holder)
            )),
            outcome => return outcome.map_err(explain),
        }
    }
    wal.open_writer(options.with_takeover(args.takeover.into())).await.map_err(explain)
}

fn explain(error: OpenWriterError) -> Failure {
    let advice = match &error {
        OpenWriterError::Held { .. } => {
            "Wait for it with --takeover expired, or take over with --takeover now."
        }
        OpenWriterError::Fenced { .. } => "Nothing was written. Try again to wait for that writer.",
        _ => "",
    };
    let failure = Failure::from(error);
    if advice.is_empty() { failure } else { failure.with_advice(advice) }
}

fn default_holder() -> String {
    #[cfg(unix)]
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    #[cfg(not(unix))]
    let host = "fencepost".to_owned();
    format!("{host}:{}", std::process::id())
}
