//! An operator's statement that the process behind a claim by Lance is gone.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::{Epoch, FormatError, Position, Version, documents};

/// A statement of an operator: nobody who claimed `epoch` is still opening.
///
/// It is created if absent, never overwritten and never deleted. A collection needs only the object's name;
/// the rest tells people what was forgotten.
// F-24.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Forgotten {
    /// The epoch that was claimed.
    pub epoch: Epoch,
    /// The manifest version of the claim.
    pub version: Version,
    /// The position from which on the claim had held entries back.
    pub replay_after: Position,
}

impl Forgotten {
    /// The bytes to store.
    #[must_use]
    pub fn encode(&self) -> Bytes {
        let stored = Stored {
            format: documents::FORMAT,
            epoch: self.epoch.get(),
            version: self.version.get(),
            replay_after: self.replay_after.get(),
        };
        documents::encode("forgotten", &stored).expect("four numbers are far below 1 MiB")
    }

    /// Reads the document whose object is named after `expected`.
    ///
    /// # Errors
    /// Any [`FormatError`] but `Arrow` and `Refused`.
    pub fn decode(object: &str, expected: Epoch, bytes: &[u8]) -> Result<Self, FormatError> {
        let stored: Stored = documents::decode(object, bytes)?;
        let epoch = documents::epoch(object, stored.epoch)?;
        if epoch != expected {
            return Err(documents::misplaced(object, "epoch", epoch.get(), expected.get()));
        }
        let version = Version::try_new(stored.version);
        let version = version.ok_or_else(|| crate::error::damaged(object, 0_u64, "no such version"))?;
        Ok(Self { epoch, version, replay_after: documents::position(object, stored.replay_after)? })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    format: u64,
    epoch: u64,
    version: u64,
    replay_after: u64,
}
