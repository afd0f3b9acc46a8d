//! Opening a writer: wait for the lease, claim, replay, fence.

use super::lease::{Renewal, WaitingFor, millis, watch_lease};
use super::{Writer, task};
use crate::drive::Driver;
use crate::shard::Io;
use crate::telemetry::{self, Stopwatch};
use crate::{LogEntry, OpenWriterError, ReadError, Wal, WriterOptions};
use fencepost_fence::{Basis, GaveUp, LeaseObserver, Opened, OpeningEvent, Pipelining};
use fencepost_format::{EntryKind, Epoch, Position, SoundEntry};
use tokio::task::JoinSet;

impl Wal {
    /// Opens a writer: waits for the lease as the options say, claims the next epoch, replays and fences.
    ///
    /// Passes over the recovered entries; use [`begin_writing`](Self::begin_writing) to see them. Costs,
    /// besides the replay of one GET for each entry above the checkpoint, about 17 requests, 64 HEADs at the
    /// same time, 63 PUTs if the last writer did not close, and a PUT that nobody waits for. Where little is to be
    /// replayed it takes six round trips, or eight if the last writer did not close.
    ///
    /// # Errors
    /// [`OpenWriterError`]; nothing that was acknowledged is touched.
    ///
    /// # Cancel safety
    /// Dropping the future leaves at worst a claimed epoch that nobody uses, which fences the writer before it.
    pub async fn open_writer(&self, options: WriterOptions) -> Result<Writer, OpenWriterError> {
        self.open_writer_with(options, |_| ()).await
    }

    /// As [`open_writer`](Self::open_writer), and `on_wait` hears whom it waits for: once for each holder,
    /// before it waits.
    ///
    /// # Errors
    /// As [`open_writer`](Self::open_writer).
    ///
    /// # Cancel safety
    /// As [`open_writer`](Self::open_writer).
    #[tracing::instrument(name = "open", level = "info", skip_all, fields(shard = %self.shard()))]
    pub async fn open_writer_with(
        &self,
        options: WriterOptions,
        on_wait: impl FnMut(&WaitingFor) + Send,
    ) -> Result<Writer, OpenWriterError> {
        let mut opening = self.begin_writing_with(options, on_wait).await?;
        while opening.next_recovered_raw().await?.is_some() {}
        opening.finish().await
    }

    /// Waits for the lease as the options say and claims the next epoch; the [`Opening`] then hands out what
    /// must be replayed.
    ///
    /// # Errors
    /// [`OpenWriterError`].
    ///
    /// # Cancel safety
    /// As [`open_writer`](Self::open_writer).
    pub async fn begin_writing(&self, options: WriterOptions) -> Result<Opening, OpenWriterError> {
        self.begin_writing_with(options, |_| ()).await
    }

    /// As [`begin_writing`](Self::begin_writing), and `on_wait` hears whom it waits for.
    ///
    /// # Errors
    /// As [`open_writer`](Self::open_writer).
    ///
    /// # Cancel safety
    /// As [`open_writer`](Self::open_writer).
    pub async fn begin_writing_with(
        &self,
        options: WriterOptions,
        on_wait: impl FnMut(&WaitingFor) + Send,
    ) -> Result<Opening, OpenWriterError> {
        Box::pin(self.begin(options, on_wait))
            .await
            .inspect_err(|why| telemetry::not_opened(self.shard(), why))
    }

    #[tracing::instrument(name = "claim", level = "info", skip_all, fields(shard = %self.shard()))]
    async fn begin(
        &self,
        options: WriterOptions,
        mut on_wait: impl FnMut(&WaitingFor) + Send,
    ) -> Result<Opening, OpenWriterError> {
        let mut io = self.io.scoped().reading();
        let lease_io = self.io.scoped();
        let ttl = options.lease_ttl.map_or(LEASE_TTL_UNKNOWN, millis);
        let now = io.environment.now();
        let mut observer = LeaseObserver::new(options.takeover, now, io.params.retry_timeout, ttl);
        // None of these waits for another, and no claim is made before all are answered.
        let seed = io.environment.nonce().0;
        let probe = probe(&io, options.probe_store, seed);
        let in_table = in_table(&io, options.pipelining);
        let watch = watch_lease(&io, &mut observer, &options, &mut on_wait);
        let ((), in_table, mut only_if) = futures::try_join!(probe, in_table, watch)?;
        io.params.in_table = in_table;
        if observer.basis() == Basis::Nothing {
            refuse_if_manifests_are_lost(&io).await?;
        }
        if options.claim_after.is_some() {
            only_if = options.claim_after;
        }
        loop {
            let mut opening =
                Opening::new(io.clone(), lease_io.clone(), options.clone(), only_if, observer.basis());
            match opening.claim().await {
                Ok(()) => return Ok(opening),
                Err(OpenWriterError::Fenced { by }) if only_if.is_some() && options.claim_after.is_none() => {
                    // P-11: another candidate was quicker. Watch that one instead.
                    observer.superseded(io.environment.now(), by);
                }
                Err(error) => return Err(error),
            }
            only_if = watch_lease(&io, &mut observer, &options, &mut on_wait).await?;
        }
    }
}

// P-116.
async fn refuse_if_manifests_are_lost(io: &Io) -> Result<(), OpenWriterError> {
    match io.has_lost_manifests().await {
        Ok(false) => Ok(()),
        Ok(true) => Err(OpenWriterError::ManifestsLost { folder: io.paths.manifest_dir() }),
        Err(ReadError::GaveUp { why, cause, .. }) => Err(OpenWriterError::GaveUp { why, cause }),
        Err(ReadError::Store { source }) => Err(OpenWriterError::Store { source }),
        Err(other) => unreachable!("a search and two listings do not end so: {other}"),
    }
}

// P-70.
async fn probe(io: &Io, wanted: bool, seed: u128) -> Result<(), OpenWriterError> {
    if wanted {
        let probed = io.store.probe_once(PROBE_FOLDER, PROBE_MARKER, seed).await;
        probed.map_err(|source| OpenWriterError::Unsafe { source })?;
    }
    Ok(())
}

/// Whether Lance may come by way of a table. Only one of the choices asks.
// P-27.
async fn in_table(io: &Io, pipelining: Pipelining) -> Result<bool, OpenWriterError> {
    Ok(pipelining == Pipelining::UnlessLance && io.may_be_in_table().await)
}

/// An entry that was in the log when its writer was opened.
pub type Recovered = LogEntry;

/// A writer that is being opened: the epoch is claimed, the replay is handed out, and
/// [`finish`](Self::finish) makes it a [`Writer`].
///
/// What is handed out is *provisional* until `finish` returns: an opener that was itself superseded may have
/// read a log that its successor was already collecting. Apply it to something that can be thrown away if
/// `finish` fails.
///
/// Dropping it is safe and leaves a claimed epoch that nobody uses.
pub struct Opening {
    io: Io,
    lease_io: Io,
    options: WriterOptions,
    /// Boxed, since futures that hold an opening would be large.
    driver: Box<Driver<fencepost_fence::Opening>>,
    epoch: Epoch,
    renewal: Option<Renewal>,
    opened: Option<Opened>,
    /// An entry whose rows could not be decoded. It is never passed over.
    // P-13.
    undecoded: Option<Position>,
    /// Why it ended, if not well: said again at every further call.
    failed: Option<OpeningEvent>,
    /// Where the replay passed entries that somebody gave up.
    // P-102.
    given_up: Vec<Position>,
    /// Runs since the claim.
    claimed: Stopwatch,
}

impl Opening {
    fn new(io: Io, lease_io: Io, options: WriterOptions, only_if: Option<Epoch>, basis: Basis) -> Self {
        let nonce = io.environment.nonce();
        let (now, shard) = (io.environment.now(), io.paths.shard());
        let core = fencepost_fence::Opening::upon(io.params, now, shard, nonce, only_if, basis);
        let driver = Box::new(Driver::new(core, &io.environment));
        Self {
            io,
            lease_io,
            options,
            driver,
            epoch: Epoch::NONE,
            renewal: None,
            opened: None,
            undecoded: None,
            failed: None,
            given_up: Vec::new(),
            claimed: Stopwatch::start(),
        }
    }

    /// The epoch that was claimed.
    #[must_use]
    pub const fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// The next data entry to be replayed, in order; `None` once the writer is ready to [`finish`](Self::finish).
    ///
    /// Costs one GET for each entry, with several in flight.
    ///
    /// # Errors
    /// [`OpenWriterError`]; what was handed out before must be thrown away.
    ///
    /// # Cancel safety
    /// Nothing is lost if the future is dropped; call it again.
    pub async fn next_recovered(&mut self) -> Result<Option<Recovered>, OpenWriterError> {
        let Some(sound) = self.next_recovered_raw().await? else { return Ok(None) };
        match sound.decode() {
            Ok(entry) => Ok(Some(entry.into())),
            Err(error) => {
                let at = sound.header().position;
                self.undecoded = Some(at);
                let why = GaveUp::DamagedEntry(at);
                Err(OpenWriterError::GaveUp { why, cause: Some(error.into()) })
            }
        }
    }

    /// Where the replay, as far as it is, passed entries that somebody gave up with a repair: they were lost,
    /// damaged or unreadable, and their rows are not handed out. Upward.
    // P-102.
    #[must_use]
    pub fn given_up(&self) -> &[Position] {
        &self.given_up
    }

    /// Replays what is left and makes the writer.
    ///
    /// # Errors
    /// [`OpenWriterError`].
    ///
    /// # Cancel safety
    /// As [`Wal::open_writer`].
    #[tracing::instrument(name = "take_over", level = "info", skip_all, fields(shard = %self.io.paths.shard(), epoch = %self.epoch))]
    pub async fn finish(mut self) -> Result<Writer, OpenWriterError> {
        while self.next_recovered_raw().await?.is_some() {}
        let mut opened = self.opened.take().expect("the replay ends by opening or by an error");
        let open_requests = self.io.store.counts();
        let mut errands = JoinSet::new();
        if let Some(record) = opened.record.take() {
            // P-135: nobody waits for it but a close.
            let io = self.io.scoped();
            errands.spawn(async move { io.leave_record(&record).await });
        }
        let (io, lease_io) = (self.io.scoped(), self.lease_io.clone());
        let (options, renewal) = (self.options.clone(), self.renewal.take());
        Ok(task::start(io, lease_io, options, &opened, open_requests, renewal, errands))
    }

    /// The claim alone.
    async fn claim(&mut self) -> Result<(), OpenWriterError> {
        while self.epoch.is_none() {
            match self.step().await? {
                Step::Claimed | Step::Nothing => {}
                Step::Entry(..) | Step::Opened => unreachable!("the claim comes first"),
            }
        }
        Ok(())
    }

    /// The next valid data entry, rows undecoded.
    pub(super) async fn next_recovered_raw(&mut self) -> Result<Option<SoundEntry>, OpenWriterError> {
        if let Some(at) = self.undecoded {
            return Err(OpenWriterError::GaveUp { why: GaveUp::DamagedEntry(at), cause: None });
        }
        let known = self.failed.is_some();
        while self.opened.is_none() {
            match self.step().await {
                Ok(Step::Entry(entry)) => return Ok(Some(entry)),
                Ok(_) => {}
                Err(why) => {
                    if !known {
                        telemetry::not_opened(self.io.paths.shard(), &why);
                    }
                    return Err(why);
                }
            }
        }
        Ok(None)
    }

    /// What comes of one event of the core.
    async fn step(&mut self) -> Result<Step, OpenWriterError> {
        let event = match self.failed.clone() {
            Some(failed) => failed,
            None => self.driver.outcome(|request| self.io.clone().perform(request)).await,
        };
        self.take(event).await
    }

    async fn take(&mut self, event: OpeningEvent) -> Result<Step, OpenWriterError> {
        if matches!(event, OpeningEvent::Fenced { .. } | OpeningEvent::Sealed | OpeningEvent::GaveUp(_)) {
            self.failed = Some(event.clone());
        }
        match event {
            OpeningEvent::Claimed { version, epoch, replay_after } => {
                telemetry::claimed(self.io.paths.shard(), epoch, version, replay_after);
                self.claimed = Stopwatch::start();
                self.epoch = epoch;
                if let Some(ttl) = self.options.lease_ttl {
                    let (io, holder) = (self.lease_io.clone(), self.options.holder.clone());
                    self.renewal = Some(Renewal::start(io, epoch, ttl, holder));
                }
                let io = self.io.clone();
                // P-8: nobody waits for it.
                self.driver.beside(async move { io.write_hint(version).await });
                Ok(Step::Claimed)
            }
            OpeningEvent::Replayed { header, deliver } => {
                let entry = self.driver.take_entry(header.position);
                if header.kind == EntryKind::Tombstone {
                    telemetry::given_up(self.io.paths.shard(), "opening", header.position);
                    self.given_up.push(header.position);
                }
                match entry {
                    Some(entry) if deliver => {
                        telemetry::recovered();
                        Ok(Step::Entry(entry))
                    }
                    _ => Ok(Step::Nothing),
                }
            }
            OpeningEvent::Opened(opened) => {
                telemetry::opened(self.io.paths.shard(), &opened, self.claimed);
                self.opened = Some(opened);
                Ok(Step::Opened)
            }
            OpeningEvent::Fenced { by } => Err(OpenWriterError::Fenced { by }),
            OpeningEvent::Sealed => Err(OpenWriterError::Sealed),
            OpeningEvent::GaveUp(why) => {
                let cause = self.io.cause_of(why, self.driver.take_cause());
                Err(OpenWriterError::GaveUp { why, cause })
            }
        }
    }
}

impl std::fmt::Debug for Opening {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Opening").field("epoch", &self.epoch).finish_non_exhaustive()
    }
}

enum Step {
    Nothing,
    Claimed,
    Entry(SoundEntry),
    Opened,
}

/// Where the store's probe works and leaves its marker, relative to the store's root; Lance never looks there.
const PROBE_FOLDER: &str = "_fencepost/probe";
const PROBE_MARKER: &str = "_fencepost/probe/verdict.json";
pub(super) const LEASE_TTL_UNKNOWN: u64 = 10_000;
