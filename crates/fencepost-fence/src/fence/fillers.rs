//! Fillers: every position above a guarding fence that a dead writer could still reach is occupied.
// P-17.

use crate::{
    Create, CreateAnswer, CreateAsk, CreateFate, CreateReply, GaveUp, Params, Reply, Request, Rule, Tick,
    WriterId, rules,
};
use fencepost_format::{EntryKind, Position};
use std::collections::BTreeMap;

/// The positions that are not known to be occupied yet. Each that becomes occupied is a sign of life for the
/// others.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Fillers {
    open: BTreeMap<Position, Create>,
    retry_timeout: u64,
}

/// How far it got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Filling {
    Going,
    Done,
    GaveUp(GaveUp),
}

impl Fillers {
    /// Fillers above `fence`; `None` if the window leaves nothing to fill.
    pub(super) fn new(now: Tick, fence: Position, params: Params) -> Option<Self> {
        let create = Create::until(now.plus(params.retry_timeout));
        let open: BTreeMap<_, _> = (1..params.window.get()).map(|step| (fence.plus(step), create)).collect();
        (!open.is_empty()).then_some(Self { open, retry_timeout: params.retry_timeout })
    }

    pub(super) fn poll_request(&mut self, writer: WriterId) -> Option<Request> {
        self.open.iter_mut().find_map(|(&at, create)| {
            Some(match create.ask()? {
                CreateAsk::Create(attempt) => {
                    Request::CreateEntry { entry: writer.entry(at, EntryKind::Filler), attempt }
                }
                CreateAsk::ReadBack(attempt) => Request::ReadEntry { at, attempt },
            })
        })
    }

    pub(super) fn handle(&mut self, now: Tick, reply: &Reply) -> Filling {
        let (at, answer) = match reply {
            Reply::EntryCreated(at, reply) => (*at, CreateAnswer::Created(*reply)),
            Reply::Entry(at, read) => (*at, CreateAnswer::Read(read.as_ref())),
            _ => return Filling::Going,
        };
        let Some(create) = self.open.get_mut(&at).filter(|create| create.awaits(&answer)) else {
            return Filling::Going;
        };
        if answer == CreateAnswer::Created(CreateReply::Exists) && !rules::on(Rule::ReadBackFillers) {
            return self.occupied(now, at);
        }
        match create.handle(now, answer) {
            CreateFate::Pending => Filling::Going,
            // Whatever stands here occupies the position. If it is a successor's, the final read tells.
            CreateFate::Created | CreateFate::There(_) | CreateFate::Damaged => self.occupied(now, at),
            CreateFate::GaveUp(gave_up) => Filling::GaveUp(gave_up),
        }
    }

    fn occupied(&mut self, now: Tick, at: Position) -> Filling {
        self.open.remove(&at);
        self.open.values_mut().for_each(|create| create.extend(now.plus(self.retry_timeout)));
        if self.open.is_empty() { Filling::Done } else { Filling::Going }
    }
}
