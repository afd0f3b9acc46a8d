//! Opening: SlateDB's manifest first, then the log.

use crate::reader::Replay;
use crate::writer::SlateWriter;
use crate::{SlateWal, cursor_name, internal, position, unavailable};
use async_trait::async_trait;
use fencepost::{Epoch, OpenWriterError, Position, ReadError};
use slatedb::wal::{WalError, WriterInit, WriterInitResult, WriterManifest};
use std::sync::Arc;

#[async_trait]
impl WriterInit for SlateWal {
    async fn fence_and_init(&self, manifest: &mut WriterManifest) -> Result<WriterInitResult, WalError> {
        let writer = Arc::new(self.claim(manifest).await?);
        let replay_after = position(manifest.replay_after_wal_id())?;
        let end = writer.status().acknowledged;
        if end < replay_after {
            let _ = writer.close().await;
            return Err(not_its_log(&format!("ends at {end}"), replay_after));
        }
        // Before there can be a checkpoint of SlateDB's that some reader needs, and before anything may be collected:
        // the log's checkpoint moves only after this.
        self.wal.cursor(cursor_name(), replay_after).await.map_err(unavailable)?;
        self.set_current(&writer);
        // SlateDB's manifest was read from the store, so its replay point is durable. Nobody waits for this.
        let wal = self.clone();
        tokio::spawn(async move { wal.move_checkpoint(replay_after.get()).await });
        // Now nothing is added at or below `end`: what is there is read as SlateDB asks for it.
        let replay = Replay::open(self, replay_after.next(), end).await?;
        Ok(WriterInitResult {
            replay_iterator: Box::new(replay),
            wal_writer: Box::new(SlateWriter::start(writer, end, self.pace)),
        })
    }
}

impl SlateWal {
    /// Opens the log's writer, unless a newer database has SlateDB's manifest.
    async fn claim(&self, manifest: &mut WriterManifest) -> Result<fencepost::Writer, WalError> {
        for _ in 0..CLAIMS_MAX {
            // SUBTLE: in this order. A newer database claims the manifest first and the log second. If it had the log
            // when its epoch was read here, the manifest tells of it now; if it gets the log later, the claim below is
            // refused, and the manifest tells of it in the next round. So an opener that stalls anywhere disturbs nobody.
            let epoch = match self.wal.manifest().await {
                Ok(log) => log.writer_epoch,
                Err(ReadError::NoLog { .. }) => Epoch::NONE,
                Err(error) => return Err(unavailable(error)),
            };
            manifest.refresh().await?;
            let replay_after = position(manifest.replay_after_wal_id())?;
            if epoch.is_none() && !replay_after.is_none() {
                return Err(not_its_log("has nothing in it", replay_after));
            }
            match self.wal.open_writer(self.options.clone().with_claim_after(epoch)).await {
                Ok(writer) => return Ok(writer),
                Err(OpenWriterError::Fenced { .. }) => {}
                Err(error) => return Err(unavailable(error)),
            }
        }
        Err(WalError::Fenced)
    }
}

fn not_its_log(what: &str, replay_after: Position) -> WalError {
    internal(format!(
        "the log {what}, below SlateDB's replay point {replay_after}: what is written now would never be replayed. It is not \
         the log of this database, or it was lost"
    ))
}

/// As many others may take the log while SlateDB's manifest says that it is ours: then somebody else wants it, and has it.
const CLAIMS_MAX: u32 = 8;
