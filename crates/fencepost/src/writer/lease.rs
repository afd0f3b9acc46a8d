//! The lease: renewed in the background, watched by candidates (P-60 to P-63).

use crate::shard::{Io, Performed};
use crate::{OpenWriterError, WriterOptions};
use fencepost_fence::{LeaseHolder, LeaseObserver, ObserverRequest, Tick, Verdict};
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

/// Waits for the right moment to claim, as the options say; returns the epoch that must still be there (P-11).
pub(super) async fn watch_lease(
    io: &Io,
    observer: &mut LeaseObserver,
    options: &WriterOptions,
) -> Result<Option<Epoch>, OpenWriterError> {
    let now = || io.environment.now();
    let (mut holder, mut unread) = (String::new(), None);
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
                observer.handle_lease(now(), lease)
            }
            None => {
                let due = observer.poll_timeout().expect("an observer that asks nothing waits for a time");
                until(due, now()).await;
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
