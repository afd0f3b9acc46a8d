//! Acknowledgements as one ordered stream, for hosts that keep a durability watermark of their own.

use super::Writer;
use super::status::State;
use crate::{AppendError, Cause, Position};
use std::sync::Arc;
use tokio::sync::watch;

/// What a writer acknowledges, in order, and at last why it ended. [`Writer::acknowledgements`] makes one.
///
/// It holds no queue: if the writer acknowledged several positions since the last call, the highest is told. It
/// outlives the [`Writer`].
#[derive(Clone, Debug)]
pub struct Acknowledgements {
    state: watch::Receiver<State>,
    /// The last position told, and whether the end was.
    told: Option<Position>,
    ended: bool,
}

/// One thing that a writer tells.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Acknowledgement {
    /// Everything up to this position is durable. Each is higher than the one before; the first tells where the
    /// writer stands, which after an opening is the end of its fence range.
    // P-21.
    Through(Position),
    /// Nothing more will be acknowledged.
    Ended {
        /// Whether the close entry is durable.
        closed: bool,
        /// Why the writer stopped; `None` if it was closed, or dropped with nothing undecided.
        why: Option<AppendError>,
    },
}

impl Writer {
    /// The writer's acknowledgements from now on, and its end. Costs no request and nothing on the append path; there
    /// may be several.
    #[must_use]
    pub fn acknowledgements(&self) -> Acknowledgements {
        Acknowledgements { state: self.board.state.clone(), told: None, ended: false }
    }
}

impl Acknowledgements {
    /// The next thing to tell, however long it takes; `None` after [`Acknowledgement::Ended`].
    ///
    /// # Cancel safety
    /// Nothing is lost if the future is dropped.
    pub async fn next(&mut self) -> Option<Acknowledgement> {
        while !self.ended {
            let (acknowledged, is_over) = {
                let state = self.state.borrow_and_update();
                let is_over = state.closed || (state.stopped.is_some() && state.progress.in_flight == 0);
                (state.progress.acknowledged, is_over)
            };
            if self.told.is_none_or(|told| told < acknowledged) {
                self.told = Some(acknowledged);
                return Some(Acknowledgement::Through(acknowledged));
            }
            // The task of a dropped writer lets go of its end when everything is decided and told.
            let is_over = is_over || self.state.changed().await.is_err();
            if is_over && self.told >= Some(self.state.borrow().progress.acknowledged) {
                self.ended = true;
                return Some(end_of(&self.state.borrow()));
            }
        }
        None
    }
}

fn end_of(state: &State) -> Acknowledgement {
    let next = state.progress.acknowledged.next();
    let torn_down = || AppendError::Unknown { at: next, cause: Some(Arc::new(Cause::TornDown)) };
    let why = state.stopped.clone().or_else(|| (state.progress.in_flight > 0).then(torn_down));
    Acknowledgement::Ended { closed: state.closed, why: why.filter(|_| !state.closed) }
}
