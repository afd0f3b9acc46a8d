//! The second process: appends, stalls before a PUT, and tells what it hears when it goes on.

use super::data::{elements, numbers};
use super::stall::StallingStore;
use crate::args::DemoWriter;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output;
use fencepost::{Takeover, Wal, WriterOptions};
use object_store::local::LocalFileSystem;
use serde_json::json;
use std::io::Read;
use std::sync::Arc;

pub(in crate::cmd) async fn write(args: DemoWriter) -> Result<(), Failure> {
    // The first process stops this one, and may be killed before it wakes it.
    #[cfg(target_os = "linux")]
    rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL))
        .map_err(|error| Failure::of(Exit::Failed, &error))?;
    let directory =
        LocalFileSystem::new_with_prefix(&args.directory).map(|directory| directory.with_fsync(true));
    let store =
        StallingStore::new(directory.map_err(|error| Failure::of(Exit::NoLog, &error))?, wait_for_a_byte);
    let wal = Wal::on(Arc::new(store.clone()), "").or_new_shard().open().await?;
    // Link(2) is exclusive; nothing is to be found out about it.
    let options = WriterOptions::new()
        .with_takeover(Takeover::Now)
        .with_store_probe(false)
        .with_holder("second process");
    let writer = wal.open_writer(options).await?;
    output::json(&json!({"open": writer.epoch().get()}))?;
    for (append, batch) in (0..=args.acknowledged).zip(elements(args.rows)?) {
        let batch = [batch];
        if append == args.acknowledged {
            store.arm();
            let position = writer.status().acknowledged.next();
            output::json(&json!({"appending": numbers(&batch), "position": position.get()}))?;
        }
        match writer.append(&batch).await {
            Ok(appended) => {
                output::json(&json!({"acknowledged": numbers(&batch), "position": appended.position.get()}))?
            }
            Err(error) => {
                output::json(&json!({"refused": numbers(&batch), "why": error.to_string()}))?;
                return Err(error.into());
            }
        }
    }
    // Ends as it would if it were killed: without a close entry.
    std::process::exit(0)
}

/// Says that the PUT is about to be sent, and waits. Meanwhile this process is stopped, and later continued.
fn wait_for_a_byte() {
    let _ = output::json(&json!({"stalled": true}));
    let _ = std::io::stdin().read(&mut [0]);
}
