//! Questions about several positions at the same time: is anything there?
// P-127.

use super::TailRequest;
use crate::{ReadReply, Tick};
use fencepost_format::Position;
use std::collections::BTreeMap;

/// Probes that are out, or were answered. A read that failed is asked again: it is *unknown*, and never
/// *absent*.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Probes {
    /// Which attempt, and whether it is out.
    open: BTreeMap<Position, (u32, bool)>,
    /// Whether something is there.
    answers: BTreeMap<Position, bool>,
    quiet_since: Tick,
}

impl Probes {
    pub(super) fn new(now: Tick, positions: impl IntoIterator<Item = Position>) -> Self {
        let open = positions.into_iter().map(|at| (at, (0, false))).collect();
        Self { open, answers: BTreeMap::new(), quiet_since: now }
    }

    pub(super) fn poll_request(&mut self) -> Option<TailRequest> {
        let (&at, (attempt, out)) = self.open.iter_mut().find(|(_, (_, out))| !out)?;
        *out = true;
        Some(TailRequest::Probe { at, attempt: *attempt })
    }

    /// Takes an answer; `false` if there has been none for as long as the retry timeout lasts.
    pub(super) fn handle(
        &mut self,
        now: Tick,
        at: Position,
        read: &ReadReply<()>,
        retry_timeout: u64,
    ) -> bool {
        let Some((attempt, out)) = self.open.get_mut(&at).filter(|(_, out)| *out) else { return true };
        match read {
            ReadReply::Unknown => {
                (*attempt, *out) = (*attempt + 1, false);
                return now.since(self.quiet_since) < retry_timeout;
            }
            ReadReply::Found(()) | ReadReply::Damaged => self.answers.insert(at, true),
            ReadReply::Absent => self.answers.insert(at, false),
        };
        self.open.remove(&at);
        self.quiet_since = now;
        true
    }

    /// All answers, once they are here.
    pub(super) fn answers(&self) -> Option<&BTreeMap<Position, bool>> {
        self.open.is_empty().then_some(&self.answers)
    }
}
