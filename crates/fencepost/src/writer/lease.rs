//! The lease: renewed in the background, watched by candidates (P-60 to P-63).

use super::opening::LEASE_TTL_UNKNOWN;
use crate::shard::{Io, Performed};
use crate::{OpenWriterError, WriterOptions};
use fencepost_fence::{LeaseHolder, LeaseObserver, ObserverRequest, ReadReply, Tick, Verdict};
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
    /// The name that it gave itself, verbatim: escape it before it is printed. Empty if it has none, or shows no lease.
    pub holder: String,
    /// How long it may give no sign of life before it is taken over.
    pub ttl: Duration,
}

/// Waits for the right moment to claim, as the options say; returns the epoch that must still be there (P-11).
pub(super) async fn watch_lease(
    io: &Io,
    observer: &mut LeaseObserver,
    options: &WriterOptions,
    on_wait: &mut (dyn FnMut(&WaitingFor) + Send),
) -> Result<Option<Epoch>, OpenWriterError> {
    let now = || io.environment.now();
    let timeout = options.wait_timeout.map(|timeout| now().plus(millis(timeout)));
    let ttl = options.lease_ttl.unwrap_or(Duration::from_millis(LEASE_TTL_UNKNOWN));
    let (mut holder, mut unread) = (String::new(), None);
    let (mut met, mut told): (Option<WaitingFor>, Option<WaitingFor>) = (None, None);
    let verdict = loop {
        if let Some(verdict) = observer.verdict_at_once() {
            break verdict;
        }
        let verdict = match observer.poll_request(now()) {
            Some(ObserverRequest::Manifest(request)) => {
                let Performed { reply, cause, .. } = io.perform(request).await;
                match observer.handle(now(), &reply) {
                    Some(Verdict::GaveUp(why)) => {
                        let cause = io.cause_of(why, cause);
                        return Err(OpenWriterError::GaveUp { why, cause });
                    }
                    verdict => verdict,
                }
            }
            Some(ObserverRequest::ReadLease(epoch)) => {
                let read = io.read_lease(epoch).await;
                let lease = &read.view;
                tracing::debug!(shard = %io.paths.shard(), %epoch, ?lease, takeover = ?options.takeover, "lease seen");
                holder = read.holder.unwrap_or(holder);
                unread = read.cause.or(unread);
                let ttl =
                    if let ReadReply::Found(lease) = lease { Duration::from_millis(lease.ttl) } else { ttl };
                met = Some(WaitingFor { epoch, holder: holder.clone(), ttl });
                observer.handle_lease(now(), lease)
            }
            None => {
                let due = observer.poll_timeout().expect("an observer that asks nothing waits for a time");
                if let Some(met) = met.as_ref() {
                    if timeout.is_some_and(|timeout| timeout <= now()) {
                        let WaitingFor { epoch, holder, ttl } = met.clone();
                        return Err(OpenWriterError::Held { epoch, holder, ttl_ms: millis(ttl) });
                    }
                    if told.as_ref() != Some(met) {
                        tracing::info!(shard = %io.paths.shard(), epoch = %met.epoch, "waiting for the holder of the lease");
                        on_wait(met);
                        told = Some(met.clone());
                    }
                }
                until(timeout.map_or(due, |timeout| due.min(timeout)), now()).await;
                None
            }
        };
        if let Some(verdict) = verdict {
            break verdict;
        }
    };
    match verdict {
        Verdict::Claim { only_if } => Ok(only_if),
        Verdict::Held { epoch, lease } => Err(OpenWriterError::Held { epoch, holder, ttl_ms: lease.ttl }),
        Verdict::Unread(epoch) => {
            Err(OpenWriterError::LeaseUnread { object: io.paths.lease(epoch), cause: unread })
        }
        Verdict::GaveUp(why) => Err(OpenWriterError::GaveUp { why, cause: None }),
    }
}

/// Sleeps until `due`.
pub(super) async fn until(due: Tick, now: Tick) {
    tokio::time::sleep(Duration::from_millis(due.since(now))).await;
}

pub(super) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
