//! The lease: renewed in the background, watched by candidates (P-60 to P-63).

use crate::io::{Io, Performed};
use crate::{Cause, OpenWriterError, WriterOptions};
use fencepost_fence::{
    HolderRequest, LeaseHolder, LeaseObserver, LeaseView, ObserverRequest, ReadReply, Tick, Verdict,
};
use fencepost_format::{DOCUMENT_BYTES_MAX, Epoch, Lease};
use fencepost_store::ReadOutcome;
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
            write(&io, &request, &holder).await;
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

async fn write(io: &Io, request: &HolderRequest, holder: &str) {
    let LeaseView { counter, ttl, released } = request.lease;
    let lease = Lease { epoch: request.epoch, holder: holder.to_owned(), counter, ttl_ms: ttl, released };
    if let Err(refused) = io.store.put_overwrite(io.paths.lease(request.epoch), lease.encode().into()).await {
        // P-60: at worst a candidate takes us for dead; it fences us, and nothing is lost.
        tracing::warn!(shard = %io.paths.shard(), epoch = %request.epoch, why = %refused.why, "the lease was not renewed");
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
                let lease = read(io, epoch, &mut holder, &mut unread).await;
                tracing::debug!(shard = %io.paths.shard(), %epoch, ?lease, takeover = ?options.takeover, "lease seen");
                observer.handle_lease(now(), &lease)
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

/// What the lease says; `name` is then who wrote it, and `why` what was in the way of reading it.
async fn read(io: &Io, epoch: Epoch, name: &mut String, why: &mut Option<Cause>) -> ReadReply<LeaseView> {
    let path = io.paths.lease(epoch);
    match io.once().get_up_to(&path, DOCUMENT_BYTES_MAX as u64).await {
        ReadOutcome::Absent => ReadReply::Absent,
        ReadOutcome::Unknown(error) => {
            *why = Some(error.into());
            ReadReply::Unknown
        }
        ReadOutcome::Found(object) => match Lease::decode(&path, epoch, &object.bytes) {
            Ok(lease) => {
                let Lease { counter, ttl_ms, released, holder, .. } = lease;
                *name = holder;
                ReadReply::Found(LeaseView { counter, ttl: ttl_ms, released })
            }
            Err(_) => ReadReply::Damaged,
        },
    }
}

/// Sleeps until `due`.
pub(super) async fn until(due: Tick, now: Tick) {
    tokio::time::sleep(Duration::from_millis(due.since(now))).await;
}

pub(super) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
