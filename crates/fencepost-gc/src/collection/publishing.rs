//! Publishing a boundary.
// P-53.

use crate::{CollectReply, CollectRequest};
use fencepost_fence::{Create, CreateAnswer, CreateAsk, CreateFate, GaveUp, Tick};
use fencepost_format::Position;

/// A boundary that stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Published {
    pub(super) at: Position,
    /// Whether it is certain that this pass, and nobody else, made it.
    pub(super) ours: bool,
}

/// A boundary on its way to the store.
///
/// The document's name says all that matters, so whose document stands there does not. But some stores answer
/// "exists" where two requests met and neither was carried out, so that answer is read back.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Publishing {
    at: Position,
    guarding_fences: Vec<Position>,
    create: Create,
}

impl Publishing {
    pub(super) const fn new(deadline: Tick, at: Position, guarding_fences: Vec<Position>) -> Self {
        Self { at, guarding_fences, create: Create::until(deadline) }
    }

    pub(super) fn poll(&mut self) -> Option<CollectRequest> {
        let at = self.at;
        Some(match self.create.ask()? {
            CreateAsk::Create(attempt) => {
                CollectRequest::PublishBoundary { at, guarding_fences: self.guarding_fences.clone(), attempt }
            }
            CreateAsk::ReadBack(attempt) => CollectRequest::ReadBoundary { at, attempt },
        })
    }

    /// Takes an answer; `Some` once the boundary stands, or is given up.
    pub(super) fn handle(&mut self, now: Tick, reply: &CollectReply) -> Option<Result<Published, GaveUp>> {
        let answer = match reply {
            CollectReply::Published(at, reply) if *at == self.at => CreateAnswer::Created(*reply),
            CollectReply::Boundary(at, read) if *at == self.at => CreateAnswer::Read(read.as_ref()),
            _ => return None,
        };
        let at = self.at;
        match self.create.handle(now, answer) {
            CreateFate::Pending => None,
            CreateFate::Created => Some(Ok(Published { at, ours: true })),
            CreateFate::There(_) | CreateFate::Damaged => Some(Ok(Published { at, ours: false })),
            CreateFate::GaveUp(gave_up) => Some(Err(gave_up)),
        }
    }
}
