//! Breaking the hold of cursors that are over their leash.
// P-163.

use crate::{CollectReply, CollectRequest, OverLeash, StoreTime};
use fencepost_fence::{Create, CreateAnswer, CreateAsk, CreateFate, Tick};
use std::collections::VecDeque;

/// Marks on their way to the store, one after the other.
///
/// The mark's name says all that counts, so whose mark stands there does not matter. But "exists" is read back: some
/// stores say so where two requests met and neither was carried out.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Breaking {
    left: VecDeque<OverLeash>,
    create: Create,
    time: StoreTime,
    retry_timeout: u64,
}

impl Breaking {
    pub(super) fn new(now: Tick, left: VecDeque<OverLeash>, time: StoreTime, retry_timeout: u64) -> Self {
        Self { left, create: Create::until(now.plus(retry_timeout)), time, retry_timeout }
    }

    pub(super) fn poll(&mut self) -> Option<CollectRequest> {
        let first = self.left.front()?;
        let (name, nonce) = (first.name.clone(), first.nonce);
        Some(match self.create.ask()? {
            CreateAsk::Create(attempt) => {
                CollectRequest::BreakCursor { name, nonce, mark: first.mark(self.time), attempt }
            }
            CreateAsk::ReadBack(attempt) => CollectRequest::FindBreak { name, nonce, attempt },
        })
    }

    /// Takes an answer; `Some` once the mark of one cursor is known to stand (`true`), or is given up.
    pub(super) fn handle(&mut self, now: Tick, reply: CollectReply) -> Option<(OverLeash, bool)> {
        let first = self.left.front()?;
        let (name, nonce, answer) = match reply {
            CollectReply::CursorBroken(name, nonce, reply) => (name, nonce, CreateAnswer::Created(reply)),
            CollectReply::BreakFound(name, nonce, read) => (name, nonce, CreateAnswer::Read(read)),
            _ => return None,
        };
        if (&name, nonce) != (&first.name, first.nonce) {
            return None;
        }
        let stands = match self.create.handle(now, answer) {
            CreateFate::Pending => return None,
            CreateFate::Created | CreateFate::There(()) | CreateFate::Damaged => true,
            // It may stand, or come to stand: its consumer is told then, and holds until then.
            CreateFate::GaveUp(_) => false,
        };
        self.create = Create::until(now.plus(self.retry_timeout));
        self.left.pop_front().map(|done| (done, stands))
    }

    pub(super) fn is_done(&self) -> bool {
        self.left.is_empty()
    }
}
