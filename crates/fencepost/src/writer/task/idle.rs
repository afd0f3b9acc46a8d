//! What a writer that appends nothing does to learn that it was fenced.
// P-115.

use crate::shard::Io;
use fencepost_fence::Tick;
use fencepost_format::Version;
use futures::future::BoxFuture;
use futures::{FutureExt, future};

/// A glance at the manifest once in each lease period without an append. One that appends learns it from its appends.
///
/// It decides nothing: if something may be there, the core looks.
pub(super) struct Idle {
    io: Io,
    /// Milliseconds; `None` for a writer without a lease, which spends nothing while it idles.
    period: Option<u64>,
    due: Tick,
    /// Whether an append was acknowledged since the period began: it shows as much as a glance does.
    is_busy: bool,
    glance: Option<BoxFuture<'static, bool>>,
}

impl Idle {
    pub(super) fn new(io: Io, period: Option<u64>) -> Self {
        let due = io.environment.now().plus(period.unwrap_or(0));
        Self { io, period, due, is_busy: false, glance: None }
    }

    /// When to glance again, if nothing happens until then.
    pub(super) fn due(&self) -> Option<Tick> {
        self.period.filter(|_| self.glance.is_none()).map(|_| self.due)
    }

    /// An append was acknowledged.
    pub(super) const fn note_acknowledged(&mut self) {
        self.is_busy = true;
    }

    /// Glances at the version after the latest that is known, if it is time. Costs one GET.
    pub(super) fn glance(&mut self, now: Tick, known: Version) {
        let Some(period) = self.period.filter(|_| self.glance.is_none() && self.due <= now) else { return };
        self.due = now.plus(period);
        if !std::mem::take(&mut self.is_busy) {
            let io = self.io.clone();
            self.glance = Some(async move { io.may_have_manifest(known.next()).await }.boxed());
        }
    }

    /// Waits until a glance ends. Whether something may be there.
    pub(super) async fn glanced(&mut self) -> bool {
        let Some(glance) = &mut self.glance else { return future::pending().await };
        let found = glance.await;
        self.glance = None;
        found
    }
}
