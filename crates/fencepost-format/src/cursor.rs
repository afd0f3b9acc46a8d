//! How far a consumer has read: nothing above may be collected.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::{CursorName, FormatError, Position, documents};

/// A consumer's statement (F-21) that it has done with everything up to `position`.
///
/// Each move of a cursor is a document of its own, created if absent; the highest one counts and the older ones
/// are deleted. [`Position::NONE`] pins the log from its beginning.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Cursor {
    /// Whose cursor.
    pub name: CursorName,
    /// Everything up to here is consumed.
    pub position: Position,
}

impl Cursor {
    /// The bytes to store.
    #[must_use]
    pub fn encode(&self) -> Bytes {
        let stored = Stored {
            format: documents::FORMAT,
            name: self.name.as_str().to_owned(),
            position: self.position.get(),
        };
        documents::encode("cursor", &stored)
            .expect("a name of 64 characters and a number are far below 1 MiB")
    }

    /// Reads the document in the folder of cursor `name` whose object is named after `expected`.
    ///
    /// # Errors
    /// Any [`FormatError`] but `Arrow` and `Refused`.
    pub fn decode(
        object: &str,
        name: &CursorName,
        expected: Position,
        bytes: &[u8],
    ) -> Result<Self, FormatError> {
        let stored: Stored = documents::decode(object, bytes)?;
        let position = documents::position(object, stored.position)?;
        if stored.name != name.as_str() {
            return Err(crate::error::damaged(object, 0_u64, "the cursor's name is not that of its folder"));
        }
        if position != expected {
            return Err(documents::misplaced(object, "position", position.get(), expected.get()));
        }
        Ok(Self { name: name.clone(), position })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    format: u64,
    name: String,
    position: u64,
}
