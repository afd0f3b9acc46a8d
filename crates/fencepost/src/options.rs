//! The options of a writer, and what each costs.

use fencepost_fence::{Pipelining, Takeover};
use fencepost_format::{Compression, Epoch};
use std::num::NonZeroU32;
use std::time::Duration;

/// Settings of a writer.
///
/// ```
/// use fencepost::{Takeover, WriterOptions};
/// use std::time::Duration;
///
/// let options = WriterOptions::new().with_takeover(Takeover::Now).with_linger(Duration::from_millis(5));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct WriterOptions {
    pub(crate) takeover: Takeover,
    pub(crate) claim_after: Option<Epoch>,
    pub(crate) pipelining: Pipelining,
    pub(crate) lease_ttl: Option<Duration>,
    pub(crate) holder: String,
    pub(crate) group_bytes_max: u64,
    pub(crate) entry_bytes_max: u64,
    pub(crate) buffer_bytes_max: u32,
    pub(crate) linger: Duration,
    pub(crate) compression: Compression,
    pub(crate) copies_columns: bool,
    pub(crate) puts_in_flight_max: NonZeroU32,
    pub(crate) puts_per_second_max: PutRate,
    pub(crate) probe_store: bool,
    pub(crate) wait_timeout: Option<Duration>,
}

/// A cap on creates a second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PutRate {
    /// 100 a second where creates cost money (S3, GCS, Azure), no cap in memory and on local directories.
    Default,
    /// At most this many a second, evenly spaced. Timers tick in milliseconds, so rates above a few hundred
    /// are not reached.
    AtMost(NonZeroU32),
    /// No cap: the window of 64 divided by the store's latency.
    Unlimited,
}

impl Default for WriterOptions {
    fn default() -> Self {
        Self {
            takeover: Takeover::Expired,
            claim_after: None,
            pipelining: Pipelining::UnlessLance,
            lease_ttl: Some(LEASE_TTL),
            holder: String::new(),
            group_bytes_max: GROUP_BYTES_MAX,
            entry_bytes_max: ENTRY_BYTES_MAX,
            buffer_bytes_max: BUFFER_BYTES_MAX,
            linger: Duration::ZERO,
            compression: Compression::None,
            copies_columns: false,
            puts_in_flight_max: PUTS_IN_FLIGHT_MAX,
            puts_per_second_max: PutRate::Default,
            probe_store: true,
            wait_timeout: Some(WAIT_TIMEOUT),
        }
    }
}

impl WriterOptions {
    /// The defaults, each explained at its setter.
    pub fn new() -> Self {
        Self::default()
    }

    /// What to do about a writer that may be alive. Default: [`Takeover::Expired`].
    pub const fn with_takeover(mut self, takeover: Takeover) -> Self {
        self.takeover = takeover;
        self
    }

    /// Claims only if `epoch` is the log's latest when the claim is made: [`Epoch::NONE`] for a log that nobody opened
    /// yet. Otherwise the opening ends with [`OpenWriterError::Fenced`](crate::OpenWriterError::Fenced), and changed
    /// nothing. Default: whatever the epoch is.
    ///
    /// For whoever decides elsewhere who may write, as an engine with a manifest of its own does. First read the epoch
    /// ([`Wal::manifest`](crate::Wal::manifest)), then make sure there that nobody came after you, then open with that
    /// epoch. However long you stall in between, you do not fence a writer that came later.
    // P-11.
    pub const fn with_claim_after(mut self, epoch: Epoch) -> Self {
        self.claim_after = Some(epoch);
        self
    }

    /// Whether several appends are in flight at once. Default: [`Pipelining::UnlessLance`].
    ///
    /// The default keeps up to 64 in flight, but only one where the log lies in a Lance table or Lance has
    /// ever written a manifest of the shard. It costs the opening one LIST. Choose [`Pipelining::Never`] for
    /// any other log that Lance may open while this writer lives: Lance's opener takes the first absent
    /// position for the tail, and would miss appends that are acknowledged a moment later. With one in
    /// flight, an append waits for the one before, and submissions that come meanwhile share the next PUT.
    pub const fn with_pipelining(mut self, pipelining: Pipelining) -> Self {
        self.pipelining = pipelining;
        self
    }

    /// The lease's time to live; `None` for no lease. Default: 10 s, at least 100 ms.
    ///
    /// The holder writes its lease three times per ttl, one PUT each: at 10 s some 26,000 a day, about $0.13
    /// on S3. While it appends nothing, it spends one GET for each ttl to learn whether it was fenced. A standby
    /// takes over between 1 and 1.5 ttl after the holder's last sign of life. If the holder has no lease, a
    /// candidate waits for its own ttl (10 s if it has none), since it cannot know that no lease will come; let
    /// it take over [at once](Takeover::Now).
    // P-64.
    pub const fn with_lease_ttl(mut self, ttl: Option<Duration>) -> Self {
        self.lease_ttl = match ttl {
            Some(ttl) if ttl.as_millis() < LEASE_TTL_MIN.as_millis() => Some(LEASE_TTL_MIN),
            ttl => ttl,
        };
        self
    }

    /// A name in the lease by which people recognize the holder. Default: empty.
    pub fn with_holder(mut self, holder: impl Into<String>) -> Self {
        self.holder = holder.into();
        self
    }

    /// How many bytes of submissions may share one entry. Default: 4 MiB.
    ///
    /// More: fewer and larger PUTs under load. Less: each PUT is quicker. A single larger submission still
    /// becomes one entry. With 1, no two submissions ever share an entry.
    pub const fn with_group_bytes_max(mut self, bytes: u64) -> Self {
        self.group_bytes_max = bytes;
        self
    }

    /// How large a single submission may be, encoded. Default: 64 MiB; a larger one is refused.
    ///
    /// Readers hold whole entries in memory, several at a time.
    pub const fn with_entry_bytes_max(mut self, bytes: u64) -> Self {
        self.entry_bytes_max = bytes;
        self
    }

    /// How many encoded bytes may wait or be in flight before `submit` makes its caller wait. Default: 128 MiB.
    ///
    /// A single submission is let in alone even if it is larger.
    pub const fn with_buffer_bytes_max(mut self, bytes: u32) -> Self {
        self.buffer_bytes_max = if bytes == 0 { 1 } else { bytes };
        self
    }

    /// How long the first submission of a group waits for others. Default: zero.
    ///
    /// At zero, a PUT carries only what was submitted before it can start, and nobody waits. Longer saves
    /// PUTs when few small appends come, and adds that much latency.
    pub const fn with_linger(mut self, linger: Duration) -> Self {
        self.linger = linger;
        self
    }

    /// How columns are compressed. Default: not at all.
    ///
    /// It is done in the task of whoever appends. Every Arrow reader undoes it, Lance's too, and fencepost's
    /// without being told. Choose it where bytes cost more than processor time: on a slow link, or where a
    /// log is kept for long. Rows that do not get shorter cost time for nothing, and readers always pay with
    /// a copy.
    pub const fn with_compression(mut self, compression: Compression) -> Self {
        self.compression = compression;
        self
    }

    /// Whether columns above 16 KiB are copied when they are handed over. Default: no, the batches' own memory goes to
    /// the store.
    ///
    /// Nobody in safe Rust can change it. Say yes if batches are made of memory that comes from elsewhere, and that
    /// somebody may write to before the append is acknowledged, such as arrays of numpy: the entry's checksum would be
    /// wrong, and nobody could read it.
    pub const fn with_copied_columns(mut self, copied: bool) -> Self {
        self.copies_columns = copied;
        self
    }

    /// How many PUTs are in flight before what waits shares the next one. Default: 64.
    ///
    /// The writer goes as deep as the store's latency rewards, and no deeper than this: up to 64 on an object
    /// store, a few on a disk, where PUTs wait for each other. An append then waits until one of those in
    /// flight is answered, at most one round trip, and goes with all others that wait. So it takes two round
    /// trips at the worst, as long as what waits fits [one entry](Self::with_group_bytes_max). What comes to 1 MiB does
    /// not wait for an answer, unless as many are in flight as are allowed here.
    ///
    /// Fewer save PUTs, where these cost money, and let a busy writer's appends wait longer: with 4, an append
    /// takes about a quarter of a round trip more on average. With 1, callers get into two camps that wait for
    /// each other, and an append takes two round trips. A group that nobody can join any more goes at once,
    /// whatever this says.
    pub const fn with_puts_in_flight_max(mut self, puts: NonZeroU32) -> Self {
        self.puts_in_flight_max = puts;
        self
    }

    /// A cap on PUTs a second, because PUTs cost money. Default: 100 a second on cloud stores, none elsewhere.
    ///
    /// 100 a second cost at most $0.0005 a second on S3 ($0.005 per 1,000), or $43 for a whole busy day.
    /// Callers above the cap share entries, so throughput in bytes hardly suffers. Their latency rises by up
    /// to one period.
    pub const fn with_puts_per_second_max(mut self, rate: PutRate) -> Self {
        self.puts_per_second_max = rate;
        self
    }

    /// How long to wait for a writer that is alive, with [`Takeover::Expired`]. Default: 5 minutes; `None`
    /// waits as long as that writer lives, as a standby does. After this time the opening ends with
    /// [`OpenWriterError::Held`](crate::OpenWriterError::Held), and nothing was changed.
    ///
    /// [`Wal::open_writer_with`](crate::Wal::open_writer_with) reports whom it waits for.
    pub const fn with_wait_timeout(mut self, timeout: Option<Duration>) -> Self {
        self.wait_timeout = timeout;
        self
    }

    /// Whether to probe the store's create-if-absent before the first writer opens on it. Default: yes. It
    /// happens once per store, since a marker object remembers the answer.
    pub const fn with_store_probe(mut self, probe: bool) -> Self {
        self.probe_store = probe;
        self
    }
}

/// The protocol's window.
const PUTS_IN_FLIGHT_MAX: NonZeroU32 = NonZeroU32::new(64).expect("64 is not zero");
const LEASE_TTL_MIN: Duration = Duration::from_millis(100);
const WAIT_TIMEOUT: Duration = Duration::from_secs(5 * 60);
const LEASE_TTL: Duration = Duration::from_secs(10);
const GROUP_BYTES_MAX: u64 = 4 << 20;
const ENTRY_BYTES_MAX: u64 = 64 << 20;
const BUFFER_BYTES_MAX: u32 = 128 << 20;
