//! The log's checkpoint follows the database, so that an opening reads little.

use crate::SlateWal;
use fencepost::{CheckpointError, Position};
use slatedb::admin::Admin;
use slatedb::{Db, DbStatus};
use tokio::sync::watch;
use tokio::task::JoinHandle;

impl SlateWal {
    /// Starts a task that moves the log's checkpoint whenever `db` has flushed a memtable, until `db` is closed or
    /// fenced, or dropped. Abort it to end it sooner; nothing is lost by that.
    ///
    /// Without it the checkpoint moves when the database is opened and when [`gc`](Self::gc) collects in this process; an
    /// opening reads all that came since. `admin` is of the same database: it reads what is durable. Costs, for each
    /// flush of a memtable, SlateDB's search for its manifest and ten requests.
    pub fn follow(&self, db: &Db, admin: Admin) -> JoinHandle<()> {
        tokio::spawn(follow(self.clone(), db.subscribe(), admin))
    }
}

async fn follow(wal: SlateWal, mut status: watch::Receiver<DbStatus>, admin: Admin) {
    let mut seen = None;
    loop {
        let (told, is_closed) = {
            let status = status.borrow_and_update();
            (status.current_manifest.replay_after_wal_id(), status.close_reason.is_some())
        };
        if is_closed {
            return;
        }
        // SUBTLE: what the database tells may be ahead of what is durable: it is told before the manifest is written. It
        // is a hint that there may be something new; what counts is read. If the read comes too early, the next one
        // makes up for it: a checkpoint may trail.
        if seen != Some(told) {
            match admin.read_manifest(None).await {
                Ok(Some(durable)) if wal.move_checkpoint(durable.replay_after_wal_id()).await.is_err() => {
                    return;
                }
                Ok(_) => seen = Some(told),
                // The next change tries again.
                Err(_) => {}
            }
        }
        if status.changed().await.is_err() {
            return;
        }
    }
}

impl SlateWal {
    /// Moves the checkpoint to a replay point that is durable, if the writer is here and it would move.
    ///
    /// # Errors
    /// Only if trying again is of no use.
    pub(crate) async fn move_checkpoint(&self, replay_after_wal_id: u64) -> Result<(), CheckpointError> {
        let (Some(writer), Some(replay_after)) = (self.current(), Position::try_new(replay_after_wal_id))
        else {
            return Ok(());
        };
        let status = writer.status();
        let through = replay_after.min(status.acknowledged);
        if through <= status.replay_after {
            return Ok(());
        }
        match writer.checkpoint(through).await {
            Err(error @ (CheckpointError::Fenced { .. } | CheckpointError::Closed)) => Err(error),
            _ => Ok(()),
        }
    }
}
