//! The lease: renewed in the background, watched by candidates.
// P-60 to P-63.

use super::opening::LEASE_TTL_UNKNOWN;
use crate::drive::{Driver, until};
use crate::shard::{Io, LeaseRead, Performed};
use crate::{Cause, OpenWriterError, WriterOptions};
use fencepost_fence::{
    LeaseHolder, LeaseObserver, Machine, ObserverRequest, ReadReply, Reply, Takeover, Tick, Verdict,
};
use fencepost_format::Epoch;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// The holder's background task. It ends without a word when this is dropped, as in a crash.
#[derive(Debug)]
pub(super) struct Renewal {
    task: JoinHandle<()>,
    release: watch::Sender<bool>,
}

impl Renewal {
    /// Starts renewing the lease of `epoch`; the first write is due at once.
    pub(super) fn start(io: Io, epoch: Epoch, ttl: Duration, holder: String) -> Self {
        let (release, released) = watch::channel(false);
        let task = tokio::spawn(renew(io, epoch, millis(ttl), holder, released));
        Self { task, release }
    }

    /// Says in the lease that the holder let go, and ends.
    pub(super) async fn release(self) {
        let _ = self.release.send(true);
        let _ = self.task.await;
    }
}

async fn renew(io: Io, epoch: Epoch, ttl: u64, holder: String, mut released: watch::Receiver<bool>) {
    let now = || io.environment.now();
    let mut lease = LeaseHolder::new(epoch, ttl, now());
    loop {
        if *released.borrow_and_update() {
            lease.release();
        }
        if let Some(request) = lease.poll_request(now()) {
            io.write_lease(&request, &holder).await;
            lease.handle_written(now(), &request);
        }
        let Some(due) = lease.poll_timeout() else { return };
        tokio::select! {
            // In order, so that a simulation is the same each time.
            biased;
            () = until(due, now()) => {}
            changed = released.changed() => if changed.is_err() { return },
        }
    }
}

/// The writer that an opening waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct WaitingFor {
    /// Its epoch.
    pub epoch: Epoch,
    /// The name that it gave itself, verbatim: escape it before it is printed. Empty if it has none, or shows
    /// no lease.
    pub holder: String,
    /// How long it may give no sign of life before it is taken over.
    pub ttl: Duration,
}

/// Waits for the right moment to claim, as the options say; returns the epoch that must still be there.
// P-11.
pub(super) async fn watch_lease(
    io: &Io,
    observer: &mut LeaseObserver,
    options: &WriterOptions,
    on_wait: &mut (dyn FnMut(&WaitingFor) + Send),
) -> Result<Option<Epoch>, OpenWriterError> {
    let timeout = options.wait_timeout.map(|timeout| io.environment.now().plus(millis(timeout)));
    let ttl = options.lease_ttl.unwrap_or(Duration::from_millis(LEASE_TTL_UNKNOWN));
    let (takeover, holder) = (options.takeover, String::new());
    let watch =
        Watch { observer, io, timeout, ttl, event: None, met: None, told: None, holder, unread: None };
    let mut driver = Driver::new(watch, &io.environment);
    let verdict = loop {
        match driver.outcome(|request| perform(io.clone(), request, takeover)).await {
            Watched::Waits(met) => {
                tracing::info!(shard = %io.paths.shard(), epoch = %met.epoch, "waiting for the holder of the lease");
                on_wait(&met);
            }
            Watched::TimedOut(WaitingFor { epoch, holder, ttl }) => {
                return Err(OpenWriterError::Held { epoch, holder, ttl_ms: millis(ttl) });
            }
            Watched::Concluded(verdict) => break verdict,
        }
    };
    match verdict {
        Verdict::Claim { only_if } => Ok(only_if),
        Verdict::Held { epoch, lease } => {
            Err(OpenWriterError::Held { epoch, holder: driver.machine.holder, ttl_ms: lease.ttl })
        }
        Verdict::Unread(epoch) => {
            Err(OpenWriterError::LeaseUnread { object: io.paths.lease(epoch), cause: driver.machine.unread })
        }
        Verdict::GaveUp(why) => {
            let cause = io.cause_of(why, driver.take_cause());
            Err(OpenWriterError::GaveUp { why, cause })
        }
    }
}

/// An observer with what it does not look at: how long a caller wants to wait, and what people want to know.
struct Watch<'a> {
    observer: &'a mut LeaseObserver,
    io: &'a Io,
    timeout: Option<Tick>,
    /// What a lease lasts that does not say.
    ttl: Duration,
    event: Option<Watched>,
    /// Whose lease was read last.
    met: Option<WaitingFor>,
    /// For whom it was told that it waits.
    told: Option<WaitingFor>,
    /// Who wrote the last lease that could be read.
    holder: String,
    /// What was in the way of reading one.
    unread: Option<Cause>,
}

/// What a candidate tells.
enum Watched {
    /// It waits for somebody else than before.
    Waits(WaitingFor),
    /// It still waits for this one, and its caller no longer.
    TimedOut(WaitingFor),
    Concluded(Verdict),
}

/// What a candidate sees.
enum Seen {
    Manifest(Reply),
    Leases(ReadReply<Epoch>),
    Lease(Epoch, LeaseRead),
}

impl Watch<'_> {
    /// Tells for whom it waits, if it does.
    fn wait(&mut self, now: Tick) {
        // What is due by now is asked first.
        let waits = self.observer.poll_timeout().is_some_and(|due| due > now);
        let watched = self.observer.watched();
        let met = self.met.as_ref().filter(|met| waits && Some(met.epoch) == watched);
        let Some(met) = met else { return };
        if self.timeout.is_some_and(|timeout| timeout <= now) {
            self.event = Some(Watched::TimedOut(met.clone()));
        } else if self.told.as_ref() != Some(met) {
            self.told = Some(met.clone());
            self.event = Some(Watched::Waits(met.clone()));
        }
    }
}

impl Machine for Watch<'_> {
    type Request = ObserverRequest;
    type Reply = Seen;
    type Event = Watched;

    fn poll_event(&mut self) -> Option<Watched> {
        self.event.take()
    }

    fn poll_request(&mut self) -> Option<ObserverRequest> {
        self.observer.poll_request(self.io.environment.now())
    }

    fn poll_timeout(&self) -> Option<Tick> {
        let due = self.observer.poll_timeout()?;
        let timeout = self.timeout.filter(|_| self.met.is_some());
        Some(timeout.map_or(due, |timeout| due.min(timeout)))
    }

    fn handle(&mut self, now: Tick, seen: Seen) {
        let verdict = match seen {
            Seen::Manifest(reply) => self.observer.handle(now, &reply),
            Seen::Leases(highest) => {
                self.observer.handle_leases(&highest);
                None
            }
            Seen::Lease(epoch, LeaseRead { view, holder, cause }) => {
                if let Some(holder) = holder {
                    self.holder = holder;
                }
                self.unread = cause.or_else(|| self.unread.take());
                let ttl = match view {
                    ReadReply::Found(lease) => Duration::from_millis(lease.ttl),
                    _ => self.ttl,
                };
                self.met = Some(WaitingFor { epoch, holder: self.holder.clone(), ttl });
                self.observer.handle_lease(now, epoch, &view)
            }
        };
        match verdict {
            Some(verdict) => self.event = Some(Watched::Concluded(verdict)),
            None => self.wait(now),
        }
    }

    fn handle_timeout(&mut self, now: Tick) {
        self.wait(now);
    }
}

async fn perform(io: Io, request: ObserverRequest, takeover: Takeover) -> Performed<Seen> {
    match request {
        ObserverRequest::Manifest(request) => io.perform(request).await.map(Seen::Manifest),
        ObserverRequest::ListLeases => Performed::new(Seen::Leases(io.newest_lease().await), None),
        ObserverRequest::ReadLease(epoch) => {
            let read = io.read_lease(epoch).await;
            let lease = &read.view;
            tracing::debug!(shard = %io.paths.shard(), %epoch, ?lease, ?takeover, "lease seen");
            Performed::new(Seen::Lease(epoch, read), None)
        }
    }
}

pub(super) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
