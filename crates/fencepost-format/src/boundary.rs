//! The collection boundary: up to where a collector may delete, and which posts it keeps below.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::{FormatError, Position, documents};

/// A statement of a collector (F-20): entries up to `boundary` may be gone at any moment, except the kept posts.
///
/// It is written before the first deletion, if absent, under a name made from `boundary`. The highest one counts.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Boundary {
    /// The highest position that may be gone.
    pub boundary: Position,
    /// The posts at or below the boundary that stay, in ascending order.
    pub kept_posts: Vec<Position>,
}

impl Boundary {
    /// The bytes to store.
    ///
    /// # Errors
    /// [`FormatError::TooLarge`] above [`DOCUMENT_BYTES_MAX`](crate::DOCUMENT_BYTES_MAX), which is some 50,000
    /// kept posts or more, and [`FormatError::Refused`] if these are not ascending and within the boundary.
    pub fn encode(&self) -> Result<Bytes, FormatError> {
        if !is_ascending_within(&self.kept_posts, self.boundary) {
            return Err(FormatError::Refused { reason: NOT_ASCENDING.into() });
        }
        let stored = Stored {
            format: documents::FORMAT,
            boundary: self.boundary.get(),
            kept_posts: self.kept_posts.iter().map(|post| post.get()).collect(),
        };
        documents::encode("a boundary to be written", &stored)
    }

    /// Reads the document whose object is named after `expected`.
    ///
    /// # Errors
    /// Any [`FormatError`] but `Arrow` and `Refused`.
    pub fn decode(object: &str, expected: Position, bytes: &[u8]) -> Result<Self, FormatError> {
        let stored: Stored = documents::decode(object, bytes)?;
        let boundary = documents::position(object, stored.boundary)?;
        if boundary != expected {
            return Err(documents::misplaced(object, "boundary", boundary.get(), expected.get()));
        }
        let kept_posts: Vec<_> = stored
            .kept_posts
            .into_iter()
            .map(|post| documents::position(object, post))
            .collect::<Result<_, _>>()?;
        if !is_ascending_within(&kept_posts, boundary) {
            return Err(crate::error::damaged(object, 0_u64, NOT_ASCENDING));
        }
        Ok(Self { boundary, kept_posts })
    }
}

fn is_ascending_within(posts: &[Position], boundary: Position) -> bool {
    posts.windows(2).all(|pair| pair[0] < pair[1])
        && posts.first().is_none_or(|post| !post.is_none())
        && posts.last().is_none_or(|post| *post <= boundary)
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    format: u64,
    boundary: u64,
    kept_posts: Vec<u64>,
}

const NOT_ASCENDING: &str = "the kept posts are not ascending positions up to the boundary";
