//! What happens in the core ring, and the words in which parties and store speak.

use super::collector;
use fencepost_fence::{CreateReply, ReadReply, Reply, Request};
use fencepost_format::{EntryHeader, Manifest};
use fencepost_gc::{CollectReply, CollectRequest, Object};
use std::sync::Arc;

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
    Read(Request),
    Entry(EntryHeader),
    Manifest(Arc<Manifest>),
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

pub(super) const fn attempt(request: &Request) -> u32 {
    match request {
        Request::ListManifests { attempt }
        | Request::ReadManifest { attempt, .. }
        | Request::CreateManifest { attempt, .. }
        | Request::ReadEntry { attempt, .. }
        | Request::ListBoundaries { attempt }
        | Request::ReadCursor { attempt }
        | Request::PeekEntry { attempt, .. }
        | Request::CreateEntry { attempt, .. } => *attempt,
    }
}

pub(super) const fn attempt_of(request: &CollectRequest) -> u32 {
    match request {
        CollectRequest::Manifest(request) => attempt(request),
        CollectRequest::List { attempt, .. }
        | CollectRequest::ReadBoundary { attempt, .. }
        | CollectRequest::ReadHeader { attempt, .. }
        | CollectRequest::ListSsTable { attempt, .. }
        | CollectRequest::Stamp { attempt }
        | CollectRequest::PublishBoundary { attempt, .. } => *attempt,
        CollectRequest::Delete { .. } => 0,
    }
}

pub(super) fn created(asked: &Asked, reply: CreateReply) -> Answer {
    match asked {
        Asked::Entry(entry) => Answer::Core(Reply::EntryCreated(entry.position, reply)),
        Asked::Manifest(manifest) => Answer::Core(Reply::ManifestCreated(manifest.version, reply)),
        Asked::Read(_) | Asked::Collect(_) => unreachable!("only creates are answered so"),
    }
}

pub(super) fn unknown(asked: &Asked) -> Answer {
    match asked {
        Asked::Read(request) => Answer::Core(unread(request)),
        Asked::Entry(_) | Asked::Manifest(_) => created(asked, CreateReply::Unknown),
        Asked::Collect(request) => Answer::Collect(collector::unknown(request, unread)),
    }
}

fn unread(request: &Request) -> Reply {
    match request {
        Request::ListManifests { .. } => Reply::Listed(ReadReply::Unknown),
        Request::ReadManifest { version, .. } => Reply::Manifest(*version, ReadReply::Unknown),
        Request::ReadEntry { at, .. } => Reply::Entry(*at, ReadReply::Unknown),
        Request::ListBoundaries { .. } => Reply::Boundary(ReadReply::Unknown),
        Request::ReadCursor { .. } => Reply::Cursor(ReadReply::Unknown),
        Request::PeekEntry { at, .. } => Reply::Peeked(*at, ReadReply::Unknown),
        Request::CreateManifest { .. } | Request::CreateEntry { .. } => unreachable!("this is no read"),
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
