//! The sans-IO core of fencepost.
//!
//! State machines for everything that the protocol (`docs/protocol.md`, clauses `P-…`) decides: the manifest
//! [`Commit`], the [`Opening`] of a writer (claim, replay, [`Fence`]), the [`AppendWindow`], checkpoints and
//! close in [`WriterCore`], a reader's [`Walk`], a consumer's [cursor](CursorCore), the advisory
//! [lease](LeaseHolder), and which shard the [first writers](FirstShardRace) of a new log take.
//!
//! They have no IO, no clock and no randomness: time is an argument ([`Tick`]), nonces are passed in, and
//! rows stay with the driver. Their state is plain data (`Clone + Eq + Hash`), so a model checker runs these
//! very types and not a copy.
//!
//! # The loop
//!
//! All of them are one [`Machine`], whose driver is a loop of this form:
//!
//! ```
//! use fencepost_fence::{Machine, Output, Tick};
//!
//! fn drive<M: Machine>(
//!     machine: &mut M,
//!     now: impl Fn() -> Tick,
//!     mut perform: impl FnMut(M::Request) -> M::Reply,
//!     mut tell: impl FnMut(&mut M, M::Event),
//! ) {
//!     loop {
//!         match machine.poll_output() {
//!             Output::Event(event) => tell(machine, event),
//!             // Here one after the other; an engine has many of them out at once.
//!             Output::Request(request) => machine.handle(now(), perform(request)),
//!             // Nothing is out. With a moment, sleep until then and call `handle_timeout`.
//!             Output::Wait(_) => break,
//!         }
//!     }
//! }
//! ```
//!
//! # What it is not
//!
//! It does not wait before retries (each request carries its attempt number; the driver waits), does not
//! encode entries (the driver holds payloads by position), and does not choose what to collect
//! (`fencepost-gc` does).

mod above;
mod append;
mod attempt;
mod commit;
mod create;
mod cursor;
mod fence;
mod fence_ranges;
mod first_shard;
mod forward;
mod latest;
mod lease;
mod machine;
mod mend;
mod opening;
mod proof;
mod question;
mod read;
mod restore;
mod rounds;
pub mod rules;
mod tail;
#[cfg(test)]
mod testing;
mod validity;
mod vocabulary;
mod writer;
mod writer_id;

pub use append::{AppendEvent, AppendWindow, Stop};
pub use attempt::Attempt;
pub use commit::{Basis, Change, Commit, CommitOutcome};
pub use create::{Create, CreateAnswer, CreateAsk, CreateFate};
pub use cursor::{CursorCore, CursorDocuments, CursorEvent, CursorFound, CursorReply, CursorRequest};
pub use fence::{Fence, FenceEvent, Opened, begins_fence_range};
pub use fence_ranges::FenceRanges;
pub use first_shard::{FirstShardRace, FirstShardReply, FirstShardRequest, NoFirstShard};
pub use latest::{FindLatest, Found};
pub use lease::{HolderRequest, LeaseHolder, LeaseObserver, LeaseView, ObserverRequest, Takeover, Verdict};
pub use machine::{Machine, Output};
pub use mend::{Ailment, Mend, MendOutcome, NotAiling};
pub use opening::{Opening, OpeningEvent};
pub use proof::{FencedOff, Gap, Losses, fenced_off, losses, proven_below, tombstone_epoch};
pub use read::{Glance, Start, Verify, Walk, WalkEvent};
pub use restore::{Copied, RestoreRefused, Source, may_fill, may_restore, restored_epoch};
pub use rules::Rule;
pub use tail::{FindTail, TailFound, TailReply, TailRequest};
pub use validity::RulingEpoch;
pub use vocabulary::{CreateReply, GaveUp, Pipelining, ReadReply, Reply, Request, Tick, Window};
pub use writer::{CheckpointOutcome, CheckpointRefused, WriterCore, WriterEvent};
pub use writer_id::{NewEntry, WriterId};

/// The parameters that all machines of one party share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Params {
    /// The window; [`Window::PROTOCOL`] everywhere but in models.
    pub window: Window,
    /// Whether several appends are in flight.
    pub pipelining: Pipelining,
    /// Whether the log lies in a Lance table, or that is not known.
    // P-27.
    pub in_table: bool,
    /// How many entries are read ahead at most, at least 1. Where that is above 16, a reader finds out by a few
    /// reads far ahead how deep it is worth to read.
    pub read_ahead: u64,
    /// How many milliseconds a request is retried before its outcome is given up.
    pub retry_timeout: u64,
}

impl Default for Params {
    /// The protocol's window, all of it in flight unless Lance was here; 256 reads ahead; a retry timeout of
    /// 60 seconds.
    fn default() -> Self {
        Self {
            window: Window::PROTOCOL,
            pipelining: Pipelining::default(),
            in_table: false,
            read_ahead: 256,
            retry_timeout: 60_000,
        }
    }
}

/// The example of the README compiles and runs.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
