//! Fillers: every position above a needed post that a dead writer could still reach is occupied (P-17).

use crate::{CreateReply, GaveUp, Params, ReadReply, Reply, Request, Rule, Tick, WriterId, rules};
use fencepost_format::{EntryKind, Position};
use std::collections::BTreeMap;

/// The positions that are not known to be occupied yet.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Fillers {
    open: BTreeMap<Position, Slot>,
    patience: u64,
    quiet_since: Tick,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Slot {
    read_back: bool,
    attempt: u32,
    asked: bool,
}

/// How far it got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Filling {
    Going,
    Done,
    GaveUp(GaveUp),
}

impl Fillers {
    /// Fillers above `post`; `None` if the window leaves nothing to fill.
    pub(super) fn new(now: Tick, post: Position, params: Params) -> Option<Self> {
        let slot = Slot { read_back: false, attempt: 0, asked: false };
        let open: BTreeMap<_, _> = (1..params.window.get()).map(|step| (post.plus(step), slot)).collect();
        (!open.is_empty()).then_some(Self { open, patience: params.patience, quiet_since: now })
    }

    pub(super) fn poll_request(&mut self, writer: WriterId) -> Option<Request> {
        let (&at, slot) = self.open.iter_mut().find(|(_, slot)| !slot.asked)?;
        slot.asked = true;
        let attempt = slot.attempt;
        Some(if slot.read_back {
            Request::ReadEntry { at, attempt }
        } else {
            Request::CreateEntry { entry: writer.entry(at, EntryKind::Filler), attempt }
        })
    }

    pub(super) fn handle(&mut self, now: Tick, reply: &Reply) -> Filling {
        let late = now.since(self.quiet_since) >= self.patience;
        match reply {
            Reply::EntryCreated(at, reply) => {
                let Some(slot) = self.open.get_mut(at).filter(|slot| slot.asked && !slot.read_back) else {
                    return Filling::Going;
                };
                match reply {
                    CreateReply::Done => return self.occupied(now, *at),
                    CreateReply::Exists if !rules::on(Rule::ReadBackFillers) => {
                        return self.occupied(now, *at);
                    }
                    CreateReply::Exists => *slot = Slot { read_back: true, attempt: 0, asked: false },
                    CreateReply::NotDone { again: false } => return Filling::GaveUp(GaveUp::NotDone),
                    CreateReply::NotDone { again: true } | CreateReply::Unknown if late => {
                        return Filling::GaveUp(GaveUp::Unknown);
                    }
                    CreateReply::NotDone { again: true } | CreateReply::Unknown => {
                        *slot = Slot { read_back: false, attempt: slot.attempt + 1, asked: false };
                    }
                }
            }
            Reply::Entry(at, read) => {
                let Some(slot) = self.open.get_mut(at).filter(|slot| slot.asked && slot.read_back) else {
                    return Filling::Going;
                };
                match read {
                    // Whatever stands here occupies the position. If it is a successor's, the final read tells.
                    ReadReply::Found(_) | ReadReply::Damaged => return self.occupied(now, *at),
                    ReadReply::Absent | ReadReply::Unknown if late => {
                        return Filling::GaveUp(GaveUp::Unknown);
                    }
                    ReadReply::Absent => {
                        *slot = Slot { read_back: false, attempt: slot.attempt + 1, asked: false }
                    }
                    ReadReply::Unknown => {
                        *slot = Slot { read_back: true, attempt: slot.attempt + 1, asked: false }
                    }
                }
            }
            _ => {}
        }
        Filling::Going
    }

    fn occupied(&mut self, now: Tick, at: Position) -> Filling {
        self.open.remove(&at);
        self.quiet_since = now;
        if self.open.is_empty() { Filling::Done } else { Filling::Going }
    }
}
