//! What happens in the core ring, and the words in which parties and store speak.

use super::collector;
use fencepost_fence::{CreateReply, ReadReply, Reply, Request};
use fencepost_gc::{CollectReply, CollectRequest, Object};

#[derive(Clone, Debug, Hash)]
pub(super) enum Event {
    /// A party begins.
    Begin { party: usize },
    /// A party's client wishes for something, or something befalls the party.
    Wake { party: usize },
    /// A deadline of a party may have passed.
    Deadline { party: usize },
    /// A request reaches the store; its reply takes so long, or is lost.
    Arrive { party: usize, call: u64, asked: Asked, reply: Option<u64>, honest: bool },
    /// The second page of a listing is read.
    Page { party: usize, call: u64, asked: Asked, reply: Option<u64>, first: Answer },
    /// One object of a batch is deleted.
    Delete { at: Object },
    /// A reply reaches its party, or the party's client library stops waiting.
    Answered { party: usize, call: u64, answer: Answer },
}

#[derive(Clone, Debug, Hash)]
pub(super) enum Asked {
    Core(Request),
    Collect(CollectRequest),
}

#[derive(Clone, Debug, Hash)]
pub(super) enum Answer {
    Core(Reply),
    Collect(CollectReply),
}

impl Event {
    /// The party that must be awake for it.
    pub(super) const fn party(&self) -> Option<usize> {
        match self {
            Self::Begin { party }
            | Self::Wake { party }
            | Self::Deadline { party }
            | Self::Answered { party, .. } => Some(*party),
            Self::Arrive { .. } | Self::Page { .. } | Self::Delete { .. } => None,
        }
    }
}

impl Asked {
    /// Which try it is.
    pub(super) const fn attempt(&self) -> u32 {
        match self {
            Self::Core(request) | Self::Collect(CollectRequest::Manifest(request)) => request.attempt(),
            Self::Collect(
                CollectRequest::List { attempt, .. }
                | CollectRequest::ReadBoundary { attempt, .. }
                | CollectRequest::ReadOpening { attempt, .. }
                | CollectRequest::ReadHeader { attempt, .. }
                | CollectRequest::ListSsTable { attempt, .. }
                | CollectRequest::ReadReclaim { attempt, .. }
                | CollectRequest::BreakCursor { attempt, .. }
                | CollectRequest::FindBreak { attempt, .. }
                | CollectRequest::Stamp { attempt }
                | CollectRequest::PublishBoundary { attempt, .. },
            ) => *attempt,
            Self::Collect(CollectRequest::Delete { .. }) => 0,
        }
    }

    /// The answer that says what became of a create; `None` to anything but the create of an entry or a manifest.
    pub(super) const fn created(&self, reply: CreateReply) -> Option<Answer> {
        match self {
            Self::Core(Request::CreateEntry { entry, .. }) => {
                Some(Answer::Core(Reply::EntryCreated(entry.position, reply)))
            }
            Self::Core(Request::CreateManifest { manifest, .. }) => {
                Some(Answer::Core(Reply::ManifestCreated(manifest.version, reply)))
            }
            Self::Core(_) | Self::Collect(_) => None,
        }
    }

    /// The answer that nobody knows.
    pub(super) fn unanswered(&self) -> Answer {
        match self {
            Self::Core(request) => Answer::Core(request.unanswered()),
            Self::Collect(request) => Answer::Collect(collector::unknown(request)),
        }
    }
}

/// Two pages of one listing.
pub(super) fn both(first: Answer, second: Answer) -> Answer {
    match (first, second) {
        (
            Answer::Core(Reply::Listed(ReadReply::Found(first))),
            Answer::Core(Reply::Listed(ReadReply::Found(second))),
        ) => Answer::Core(Reply::Listed(ReadReply::Found(first.max(second)))),
        (
            Answer::Collect(CollectReply::Listed(part, ReadReply::Found(mut first))),
            Answer::Collect(CollectReply::Listed(_, ReadReply::Found(second))),
        ) => {
            first.absorb(second);
            Answer::Collect(CollectReply::Listed(part, ReadReply::Found(first)))
        }
        _ => unreachable!("pages are of one listing"),
    }
}
