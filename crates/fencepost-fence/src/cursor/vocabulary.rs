//! The requests and replies between a cursor and its driver.

use super::CursorDocuments;
use crate::{CreateReply, GaveUp, ReadReply};
use fencepost_format::{Consumed, CursorDecision, CursorDocument, Nonce, Position};
use std::collections::BTreeSet;

/// A request of a cursor. `attempt` counts from 0; before an attempt above 0, the driver waits as its retry
/// policy says.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the fields say what it says")]
pub enum CursorRequest {
    /// LIST the documents of this cursor's name.
    List { attempt: u32 },
    /// Create a cursor's or a position's document, if absent.
    Create { document: CursorDocument, attempt: u32 },
    /// Is this document there?
    Find { document: CursorDocument, attempt: u32 },
    /// Create the decision about a cursor, if absent.
    Decide { nonce: Nonce, decision: CursorDecision, attempt: u32 },
    /// GET the decision about a cursor.
    ReadDecision { nonce: Nonce, attempt: u32 },
    /// LIST the boundaries, and answer with the highest; [`Position::NONE`] if there is none.
    Boundary { attempt: u32 },
    /// Delete these documents, in any order. One that is gone already counts as deleted.
    Delete { documents: BTreeSet<CursorDocument>, attempt: u32 },
}

/// The answer to a [`CursorRequest`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum CursorReply {
    /// To [`CursorRequest::List`].
    Listed(ReadReply<CursorDocuments>),
    /// To [`CursorRequest::Create`] and [`CursorRequest::Decide`].
    Created(CursorDocument, CreateReply),
    /// To [`CursorRequest::Find`].
    Found(CursorDocument, ReadReply<()>),
    /// To [`CursorRequest::ReadDecision`].
    Decision(Nonce, ReadReply<CursorDecision>),
    /// To [`CursorRequest::Boundary`].
    Boundary(ReadReply<Position>),
    /// To [`CursorRequest::Delete`]: whether all of them are gone.
    Deleted(bool),
}

/// An event of a cursor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CursorEvent {
    /// A new cursor holds what is above this position: find out the highest epoch up to it, and
    /// [`grant`](super::CursorCore::grant).
    Held(Position),
    /// It is open: everything above is kept until it moves on or is removed.
    Opened(Consumed),
    /// A new cursor came too late: a collector may have passed its position. The cursor is gone again.
    Truncated {
        /// The first position that may be gone.
        at: Position,
        /// The first position that certainly remains.
        first: Position,
    },
    /// There is no cursor of this name, and none was to be made; or somebody removed it.
    Missing,
    /// A collection broke the cursor, since it was over its leash. It holds nothing any more.
    // P-164, P-165.
    Broken {
        /// Which one it was.
        nonce: Nonce,
        /// Where it stood, as far as is known here.
        at: Position,
    },
    /// It moved on, or had nothing to do.
    Advanced(Consumed),
    /// The cursor is gone, and holds nothing back.
    Removed {
        /// Whether there was anything of this name.
        found: bool,
    },
    /// The request is not done, or not known to be done. The cursor holds at its old place, and perhaps at
    /// the new one too.
    GaveUp(GaveUp),
}
