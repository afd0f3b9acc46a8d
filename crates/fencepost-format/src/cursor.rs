//! How far a consumer has read: nothing above may be collected.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::{CursorName, Epoch, FormatError, Leash, Nonce, Position, documents};

/// The part of the log that a consumer has finished with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Consumed {
    /// Everything up to this position.
    pub position: Position,
    /// The highest epoch up to there; [`Epoch::NONE`] if it is not known, or does not matter.
    pub epoch: Epoch,
}

impl From<Position> for Consumed {
    fn from(position: Position) -> Self {
        Self { position, epoch: Epoch::NONE }
    }
}

/// A document of a cursor, as its name says. Each is created if absent and never overwritten.
///
/// The nonce says which cursor the document belongs to. It is drawn anew for every new cursor, so a late
/// document is never taken for one of a later cursor.
// F-21.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CursorDocument {
    /// The cursor itself, with the position where it was created. It lives as long as the cursor, and is
    /// never moved.
    Cursor(Nonce, Consumed),
    /// The decision whether the cursor was granted: see [`CursorDecision`].
    Decision(Nonce),
    /// A position that the cursor moved on to. The highest one counts; the lower ones are deleted.
    Position(Nonce, Consumed),
    /// How long and how much the cursor may hold. It is there before the cursor is, and is never changed.
    // F-43.
    Leash(Nonce, Leash),
    /// The cursor was broken: it holds nothing, for ever. See [`CursorBreak`](crate::CursorBreak).
    // F-44.
    Broken(Nonce),
}

/// Whether a cursor holds for its consumer. The first to create the document decides, once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CursorDecision {
    /// Its consumer found that nothing above it can have been collected. The epoch is the highest up to the
    /// cursor's first position, as in [`Consumed`].
    Granted(Epoch),
    /// The same, of a cursor with a [leash](CursorDocument::Leash). Programs that know no leashes refuse it, so
    /// none of them goes on with a cursor that may be broken.
    // P-166, F-45.
    Leashed(Epoch),
    /// Somebody else found it half made, and gave it up.
    GivenUp,
}

impl CursorDocument {
    /// Which cursor it belongs to.
    #[must_use]
    pub const fn nonce(&self) -> Nonce {
        match self {
            Self::Cursor(nonce, _)
            | Self::Decision(nonce)
            | Self::Position(nonce, _)
            | Self::Leash(nonce, _)
            | Self::Broken(nonce) => *nonce,
        }
    }

    /// What the object is called: what it is, the nonce and, where it has one, the place.
    #[must_use]
    pub fn object_name(&self) -> String {
        let placed = |word: &str, nonce: &Nonce, consumed: &Consumed| {
            format!("{word}-{nonce}-{:020}-{:020}.json", consumed.position.get(), consumed.epoch.get())
        };
        match self {
            Self::Cursor(nonce, made) => placed("cursor", nonce, made),
            Self::Decision(nonce) => format!("decision-{nonce}.json"),
            Self::Position(nonce, consumed) => placed("position", nonce, consumed),
            Self::Leash(nonce, leash) => format!("leash-{nonce}-{}.json", leash.words()),
            Self::Broken(nonce) => format!("broken-{nonce}.json"),
        }
    }

    /// Parses an object's name. It is strict: for anything that [`object_name`](Self::object_name) would not
    /// produce, it returns `None`.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        let mut words = name.strip_suffix(".json")?.split('-');
        let kind = words.next()?;
        let nonce = Nonce(u128::from_str_radix(words.next()?, 16).ok()?);
        let mut consumed = || -> Option<Consumed> {
            let position = Position::try_new(words.next()?.parse().ok()?)?;
            let epoch = Epoch::try_new(words.next()?.parse().ok()?)?;
            Some(Consumed { position, epoch })
        };
        let document = match kind {
            "cursor" => Self::Cursor(nonce, consumed()?),
            "decision" => Self::Decision(nonce),
            "position" => Self::Position(nonce, consumed()?),
            "leash" => Self::Leash(nonce, Leash::parse_words(&mut words)?),
            "broken" => Self::Broken(nonce),
            _ => return None,
        };
        (document.object_name() == name).then_some(document)
    }

    /// The bytes of a cursor's, a position's or a leash's document. They repeat what the name says, for people; no
    /// program needs to read them.
    ///
    /// # Panics
    /// For a decision, which says [more](CursorDecision::encode), and for a [mark](crate::CursorBreak::encode).
    #[must_use]
    pub fn encode(&self, name: &CursorName) -> Bytes {
        if let Self::Leash(nonce, leash) = self {
            let stored = StoredLeash {
                format: documents::FORMAT,
                name: name.as_str().to_owned(),
                nonce: nonce.to_string(),
                leash: leash.to_string(),
            };
            return documents::encode("cursor", &stored).expect(SMALL);
        }
        let (Self::Cursor(nonce, consumed) | Self::Position(nonce, consumed)) = self else {
            panic!("a decision and a mark are encoded with what they say");
        };
        let stored = StoredPlace {
            format: documents::FORMAT,
            name: name.as_str().to_owned(),
            nonce: nonce.to_string(),
            position: consumed.position.get(),
            epoch: consumed.epoch.get(),
        };
        documents::encode("cursor", &stored).expect(SMALL)
    }
}

impl CursorDecision {
    /// The bytes to store.
    #[must_use]
    pub fn encode(&self, name: &CursorName, nonce: Nonce) -> Bytes {
        let (format, granted, epoch) = match self {
            Self::Granted(epoch) => (documents::FORMAT, true, epoch.get()),
            Self::Leashed(epoch) => (LEASHED_FORMAT, true, epoch.get()),
            Self::GivenUp => (documents::FORMAT, false, 0),
        };
        let (name, nonce) = (name.as_str().to_owned(), nonce.to_string());
        let stored = StoredDecision { format, name, nonce, granted, epoch };
        documents::encode("cursor", &stored).expect(SMALL)
    }

    /// Reads the decision about the cursor `name` with this nonce.
    ///
    /// # Errors
    /// Any [`FormatError`] but `Arrow` and `Refused`.
    pub fn decode(object: &str, name: &CursorName, nonce: Nonce, bytes: &[u8]) -> Result<Self, FormatError> {
        let stored: StoredDecision = documents::decode_up_to(object, bytes, LEASHED_FORMAT)?;
        let epoch = documents::epoch(object, stored.epoch)?;
        if stored.name != name.as_str() || stored.nonce != nonce.to_string() {
            return Err(crate::error::damaged(object, 0_u64, "the decision is about another cursor"));
        }
        match (stored.granted, epoch) {
            (true, epoch) if stored.format == LEASHED_FORMAT => Ok(Self::Leashed(epoch)),
            (true, epoch) => Ok(Self::Granted(epoch)),
            (false, Epoch::NONE) => Ok(Self::GivenUp),
            (false, _) => Err(crate::error::damaged(object, 0_u64, "what was given up has no epoch")),
        }
    }
}

#[derive(Serialize)]
struct StoredPlace {
    format: u64,
    name: String,
    nonce: String,
    position: u64,
    epoch: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredDecision {
    format: u64,
    name: String,
    nonce: String,
    granted: bool,
    epoch: u64,
}

#[derive(Serialize)]
struct StoredLeash {
    format: u64,
    name: String,
    nonce: String,
    leash: String,
}

/// The format of the decision about a cursor with a leash.
// F-45.
const LEASHED_FORMAT: u64 = 2;
const SMALL: &str = "a name of 64 characters and some numbers are far below 1 MiB";
