//! Acknowledgements as one ordered stream, for hosts that keep a durability watermark of their own.

use super::{Writer, WriterStatus};
use crate::{AppendError, Cause, Position};
use std::sync::Arc;
use tokio::sync::watch;

/// What a writer acknowledges, in order, and at last why it ended. [`Writer::acknowledgements`] makes one.
///
/// It holds no queue: if the writer acknowledged several positions since the last call, the highest is told. It
/// outlives the [`Writer`].
#[derive(Clone, Debug)]
pub struct Acknowledgements {
    status: watch::Receiver<WriterStatus>,
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
        Acknowledgements { status: self.status.clone(), told: None, ended: false }
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
                let status = self.status.borrow_and_update();
                let is_over = status.closed || (status.stopped.is_some() && status.in_flight == 0);
                (status.acknowledged, is_over)
            };
            if self.told.is_none_or(|told| told < acknowledged) {
                self.told = Some(acknowledged);
                return Some(Acknowledgement::Through(acknowledged));
            }
            // The task of a dropped writer lets go of its end when everything is decided and told.
            let is_over = is_over || self.status.changed().await.is_err();
            if is_over && self.told >= Some(self.status.borrow().acknowledged) {
                self.ended = true;
                return Some(end_of(&self.status.borrow()));
            }
        }
        None
    }
}

fn end_of(status: &WriterStatus) -> Acknowledgement {
    let torn_down =
        || AppendError::Unknown { at: status.acknowledged.next(), cause: Some(Arc::new(Cause::TornDown)) };
    let why = status.stopped.clone().or_else(|| (status.in_flight > 0).then(torn_down));
    Acknowledgement::Ended { closed: status.closed, why: why.filter(|_| !status.closed) }
}
