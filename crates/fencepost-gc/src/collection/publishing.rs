//! Publishing a boundary (P-53).

use super::ask::Ask;
use crate::{CollectReply, CollectRequest};
use fencepost_fence::{CreateReply, GaveUp, ReadReply, Tick};
use fencepost_format::Position;
use std::collections::BTreeSet;

/// A boundary that stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Published {
    pub(super) at: Position,
    /// Whether it is certain that this pass, and nobody else, made it.
    pub(super) ours: bool,
}

/// A boundary on its way to the store.
///
/// The document's name says all that matters, so whose document stands there does not. But some stores answer "exists" where two requests
/// met and neither was carried out, so that answer is read back.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Publishing {
    at: Position,
    kept_posts: Vec<Position>,
    reads_back: bool,
    /// An attempt may have landed unseen.
    uncertain: bool,
    ask: Ask,
}

impl Publishing {
    pub(super) const fn new(now: Tick, at: Position, kept_posts: Vec<Position>) -> Self {
        Self { at, kept_posts, reads_back: false, uncertain: false, ask: Ask::new(now) }
    }

    pub(super) fn poll(&mut self) -> Option<CollectRequest> {
        let (at, attempt) = (self.at, self.ask.poll()?);
        Some(if self.reads_back {
            CollectRequest::ReadBoundary { at, attempt }
        } else {
            CollectRequest::PublishBoundary { at, kept_posts: self.kept_posts.clone(), attempt }
        })
    }

    /// Takes an answer; `Some` once the boundary stands, or is given up.
    pub(super) fn handle(
        &mut self,
        now: Tick,
        patience: u64,
        reply: &CollectReply,
    ) -> Option<Result<Published, GaveUp>> {
        match reply {
            CollectReply::Published(at, reply) if *at == self.at && !self.reads_back && self.ask.is_out() => {
                self.handle_created(now, patience, *reply)
            }
            CollectReply::Boundary(at, read) if *at == self.at && self.reads_back && self.ask.is_out() => {
                self.handle_read_back(now, patience, read)
            }
            _ => None,
        }
    }

    fn handle_created(
        &mut self,
        now: Tick,
        patience: u64,
        reply: CreateReply,
    ) -> Option<Result<Published, GaveUp>> {
        let late = self.ask.is_late(now, patience);
        match reply {
            CreateReply::Done => return Some(Ok(Published { at: self.at, ours: true })),
            CreateReply::Exists => {
                self.reads_back = true;
                self.ask.turn();
                return None;
            }
            CreateReply::Unknown if late => return Some(Err(GaveUp::Unknown)),
            CreateReply::Unknown => self.uncertain = true,
            CreateReply::NotDone { again } if late || !again => {
                return Some(Err(if self.uncertain { GaveUp::Unknown } else { GaveUp::NotDone }));
            }
            CreateReply::NotDone { .. } => {}
        }
        self.ask.again();
        None
    }

    fn handle_read_back(
        &mut self,
        now: Tick,
        patience: u64,
        read: &ReadReply<BTreeSet<Position>>,
    ) -> Option<Result<Published, GaveUp>> {
        match read {
            ReadReply::Found(_) | ReadReply::Damaged => {
                return Some(Ok(Published { at: self.at, ours: false }));
            }
            ReadReply::Absent | ReadReply::Unknown if self.ask.is_late(now, patience) => {
                return Some(Err(GaveUp::Unknown));
            }
            ReadReply::Absent => self.reads_back = false,
            ReadReply::Unknown => {}
        }
        self.ask.again();
        None
    }
}
