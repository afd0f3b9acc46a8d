//! How Lance looks for the tail.

use crate::world::Store;
use fencepost_format::Position;

/// Where the search is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Discover {
    /// It is about to read `last_seen`.
    Begin,
    /// It is about to look whether the object that `last_seen` names is there.
    AtHint(Position),
    /// It found all below, from `last_seen` on, and is about to look here.
    Probing(Position),
    /// It is about to list.
    Listing,
}

impl Discover {
    pub(super) fn looks_at(self, at: Position) -> bool {
        match self {
            Self::Begin => false,
            Self::AtHint(next) | Self::Probing(next) => next == at,
            Self::Listing => true,
        }
    }

    /// The next request: the tail, or where the search is then.
    pub(super) fn step(self, store: &Store, hint: Position) -> Result<Position, Self> {
        match self {
            Self::Begin if hint.is_none() => Err(Self::Listing),
            Self::Begin => Err(Self::AtHint(hint)),
            Self::AtHint(at) if store.entry(at).is_some() => Err(Self::Probing(at.next())),
            Self::AtHint(_) => Err(Self::Listing),
            Self::Probing(at) if store.entry(at).is_some() => Err(Self::Probing(at.next())),
            Self::Probing(at) => Ok(at),
            Self::Listing => {
                let highest = store.entries().next_back().map_or(Position::NONE, |entry| entry.position);
                Ok(highest.next())
            }
        }
    }
}
