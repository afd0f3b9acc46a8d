//! `fence`: takes a log over by hand, so that its writer is refused from now on.

use super::open::default_holder;
use super::status::ago;
use crate::args::Fence;
use crate::failure::Failure;
use crate::output::{self, counted, is_or_are, note_line, printable};
use fencepost::{Overview, Takeover, Wal, WriterOptions};
use serde_json::{Value, json};
use std::time::SystemTime;

pub(super) async fn run(args: Fence, json: bool) -> Result<(), Failure> {
    let wal = args.place.open().await?;
    let before = wal.overview().await?;
    if !args.yes {
        if json {
            return output::json(&document(&wal, &before, None));
        }
        let epoch = before.manifest.writer_epoch;
        let closed = before.lease.as_ref().is_some_and(|status| status.lease.released);
        let then = if closed {
            "It closed the log itself, so there is nobody to fence.".to_owned()
        } else {
            format!(
                "The writer of epoch {epoch} is refused at its next append. Rows that it was told are in the log stay."
            )
        };
        let would = format!(
            "epoch {epoch} is the latest, {}\n`fence` would take the log over under epoch {}, and close it. {then} Nothing was changed; add --yes",
            holder(&before),
            epoch.next(),
        );
        return output::line(&printable(&would));
    }
    // With a lease, so that closing releases it: nobody who opens next waits for one that never comes.
    // P-64.
    let options = WriterOptions::new()
        .with_takeover(Takeover::Now)
        .with_holder(format!("fence by {}", default_holder()));
    let mut opening = wal.begin_writing(options).await?;
    let (mut entries, mut rows) = (0_u64, 0_u64);
    while let Some(entry) = opening.next_recovered().await? {
        entries += 1;
        rows += entry.batches().iter().map(|batch| batch.num_rows() as u64).sum::<u64>();
    }
    let writer = opening.finish().await?;
    let status = writer.status();
    if let Err(error) = writer.close().await {
        note_line(format_args!(
            "warning: the log is fenced, but was not closed ({error}); the next writer takes over as after a crash"
        ));
    }
    let done = Done { epoch: status.epoch, fence: status.fence, clean: status.clean_fence, entries, rows };
    if json {
        return output::json(&document(&wal, &before, Some(&done)));
    }
    let fenced = if done.clean {
        "the writer before had closed, so nobody was fenced".to_owned()
    } else {
        format!(
            "fenced: epoch {} and all before it, {}; their appends from position {} on are refused",
            done.epoch.prev(),
            holder(&before),
            done.fence
        )
    };
    output::line(&printable(&format!(
        "{fenced}\nthe log was taken over under epoch {} and closed; {} with {} {} above the checkpoint",
        done.epoch,
        counted(done.entries, "entry"),
        counted(done.rows, "row"),
        is_or_are(done.entries)
    )))
}

struct Done {
    epoch: fencepost::Epoch,
    fence: fencepost::Position,
    clean: bool,
    entries: u64,
    rows: u64,
}

fn holder(overview: &Overview) -> String {
    match &overview.lease {
        None => "which shows no lease".to_owned(),
        Some(status) if status.lease.released => format!("closed by {}", status.lease.holder),
        Some(status) => {
            format!(
                "held by {}, lease renewed {}",
                status.lease.holder,
                ago(SystemTime::now(), status.renewed)
            )
        }
    }
}

fn document(wal: &Wal, before: &Overview, done: Option<&Done>) -> Value {
    let lease = before.lease.as_ref();
    json!({
        "shard": wal.shard().to_string(), "dry_run": done.is_none(),
        "before": {
            "epoch": before.manifest.writer_epoch.get(),
            "holder": lease.map(|status| status.lease.holder.as_str()),
            "released": lease.map(|status| status.lease.released),
        },
        "epoch": done.map(|done| done.epoch.get()),
        "fence": done.map(|done| done.fence.get()),
        "clean_fence": done.map(|done| done.clean),
        "replayed_entries": done.map(|done| done.entries),
        "replayed_rows": done.map(|done| done.rows),
    })
}
