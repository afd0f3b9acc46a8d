//! **Experimental.** fencepost as the write-ahead log of [SlateDB](slatedb) 0.18, and of no other version: the traits
//! that it implements are young, and change. Nothing here is promised to stay.
//!
//! ```no_run
//! # async fn example(store: std::sync::Arc<dyn slatedb::object_store::ObjectStore>) -> Result<(), Box<dyn std::error::Error>> {
//! use fencepost_slatedb::{ShardId, SlateWal};
//!
//! // The raw store: what happened to a request must reach the log, so nothing may repeat requests in between.
//! let shard = ShardId::from_bytes(*b"the only db here");
//! let wal = SlateWal::open(store.clone(), "db/wal", shard).await?;
//! let db = slatedb::Db::builder("db", store.clone()).with_wal_writer(wal.writer()).build().await?;
//! // Moves the log's checkpoint along, so that an opening replays little.
//! let following = wal.follow(&db, slatedb::admin::Admin::builder("db", store).build());
//! db.put(b"key", b"value").await?;
//! # drop(following);
//! # Ok(())
//! # }
//! ```
//!
//! # What it gives
//!
//! * Many PUTs in flight, where SlateDB's own log has one. Puts that arrive independently wait for one round trip.
//! * Fences may be collected: no collection, at whatever age, lets a stalled database acknowledge a put that is not
//!   replayed. SlateDB keeps one object for each opening, for ever, since it would lose data otherwise.
//!
//! # What it costs
//!
//! * More PUTs: at most 100 a second on average by default ([`SlateWal::with_pace`]), and one for each explicit flush.
//! * An opening after a crash takes 63 PUTs more, and reads what it replays twice.
//!
//! # What to know
//!
//! * A database keeps one log, under a shard that is named. A new log for a database that had another would hand out ids
//!   below those that SlateDB has replayed already, and never replay them. That is refused.
//! * An existing database does not move here: what its own log holds is not replayed. Start with a new database.
//! * SlateDB's collector does not know this log unless it is built with [`SlateWal::gc`].
//! * A SlateDB checkpoint that lives long keeps the whole log from there on: there are no holes in what is kept.
//! * Cloning and deleting a database's log are not implemented.
//!
//! `docs/slatedb.md` of the repository has figures, and what was tried.

mod follow;
mod gc;
mod opening;
mod reader;
mod rows;
mod writer;

pub use fencepost::{ShardId, WalBuilder};

use fencepost::{CursorName, Position, PutRate, ResumePoint, Takeover, Wal, Writer, WriterOptions};
use slatedb::object_store::ObjectStore;
use slatedb::wal::{WalError, WalGc, WalReader, WriterInit};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

/// The log of one database, for as many `Db`, `DbReader` and collectors as there are. Clones share it.
#[derive(Clone, Debug)]
pub struct SlateWal {
    wal: Wal,
    options: WriterOptions,
    pace: Duration,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    /// The last writer that was opened here. It alone can say that something needs no replay.
    writer: Mutex<Weak<Writer>>,
    /// Where the last reader stopped, so that the next one need not read below.
    resume: Mutex<Option<ResumePoint>>,
}

impl SlateWal {
    /// The log below `base`, in the shard that this database always names. Creates nothing yet, and costs no request.
    ///
    /// `store` must be the raw one: SlateDB wraps its own in one that repeats requests.
    ///
    /// # Errors
    /// [`fencepost::WalError`].
    pub async fn open(
        store: Arc<dyn ObjectStore>,
        base: impl Into<String>,
        shard: ShardId,
    ) -> Result<Self, fencepost::WalError> {
        Self::open_with(Wal::on(store, base), shard).await
    }

    /// The same with settings of the log's own, such as a URL, time-outs, or how much is read ahead.
    ///
    /// # Errors
    /// [`fencepost::WalError`].
    pub async fn open_with(builder: WalBuilder, shard: ShardId) -> Result<Self, fencepost::WalError> {
        // Never a new shard where there is none: its ids would begin anew.
        let wal = builder.with_shard(shard).open().await?;
        let options = WriterOptions::new()
            // SlateDB's manifest decides who takes over; a lease would only keep its opener waiting.
            .with_takeover(Takeover::Now)
            .with_lease_ttl(None)
            // A flush is an entry of its own, so that its id is known before it is durable.
            .with_group_bytes_max(1)
            // A batch of SlateDB's is one entry, however large it is.
            .with_entry_bytes_max(ENTRY_BYTES_MAX)
            // The pace is kept here, where what waits shares the next entry.
            .with_puts_per_second_max(PutRate::Unlimited);
        Ok(Self { wal, options, pace: PACE, shared: Arc::default() })
    }

    /// One entry per `pace` is put at most, on average, while nobody flushes. Default: 10 ms, which is 100 PUTs a second.
    ///
    /// What was not put in a quiet time is caught up with, up to 100 entries at once, so rows that come seldom never wait.
    /// Above the pace, rows share entries, and wait for up to one pace longer. Zero: an entry whenever rows wait, with 64
    /// in flight; that costs a PUT for nearly every put of the database.
    #[must_use]
    pub const fn with_pace(mut self, pace: Duration) -> Self {
        self.pace = pace;
        self
    }

    /// For `DbBuilder::with_wal_writer`.
    #[must_use]
    pub fn writer(&self) -> Box<dyn WriterInit> {
        Box::new(self.clone())
    }

    /// For `DbReaderBuilder::with_wal_reader`.
    #[must_use]
    pub fn reader(&self) -> Arc<dyn WalReader> {
        Arc::new(self.clone())
    }

    /// For `GarbageCollectorBuilder::with_wal_gc`. It moves the log's checkpoint only where the database is open
    /// in the same process, on this log or a clone of it; elsewhere it deletes up to the checkpoint that is there.
    #[must_use]
    pub fn gc(&self) -> Arc<dyn WalGc> {
        Arc::new(self.clone())
    }

    /// The log itself, for whoever wants to look at it.
    #[must_use]
    pub const fn log(&self) -> &Wal {
        &self.wal
    }

    fn current(&self) -> Option<Arc<Writer>> {
        self.shared.writer.lock().unwrap_or_else(PoisonError::into_inner).upgrade()
    }

    fn set_current(&self, writer: &Arc<Writer>) {
        *self.shared.writer.lock().unwrap_or_else(PoisonError::into_inner) = Arc::downgrade(writer);
    }

    fn resume_point(&self) -> Option<ResumePoint> {
        *self.shared.resume.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set_resume_point(&self, point: ResumePoint) {
        *self.shared.resume.lock().unwrap_or_else(PoisonError::into_inner) = Some(point);
    }
}

/// The cursor that keeps what some manifest or checkpoint of SlateDB still needs.
fn cursor_name() -> CursorName {
    CursorName::parse("slatedb").expect("a name of letters")
}

/// An id of SlateDB's as a position.
fn position(id: u64) -> Result<Position, WalError> {
    Position::try_new(id).ok_or_else(|| internal(format!("{id} is above any id that a log can have")))
}

fn unavailable(error: impl std::error::Error + Send + Sync + 'static) -> WalError {
    WalError::Unavailable(Arc::new(error))
}

fn internal(text: impl Into<String>) -> WalError {
    WalError::InternalError(Arc::new(std::io::Error::other(text.into())))
}

const PACE: Duration = Duration::from_millis(10);
const ENTRY_BYTES_MAX: u64 = 256 << 20;
