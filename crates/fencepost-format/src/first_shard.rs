//! Which shard the first writers of a new log take.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::{FormatError, ShardId, documents};

/// The shard that whoever found no log at a base makes there (F-29).
///
/// Created if absent, never overwritten: of those that come at the same time one creates it, and the others read which shard it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FirstShard {
    /// Its id, which its creator drew at random.
    pub shard: ShardId,
}

impl FirstShard {
    /// The bytes to store.
    #[must_use]
    pub fn encode(&self) -> Bytes {
        let stored = Stored { format: documents::FORMAT, shard: self.shard.to_string() };
        documents::encode("first shard", &stored).expect("a number and a UUID are far below 1 MiB")
    }

    /// Reads the document.
    ///
    /// # Errors
    /// Any [`FormatError`] but `Arrow` and `Refused`.
    pub fn decode(object: &str, bytes: &[u8]) -> Result<Self, FormatError> {
        let Stored { shard, .. } = documents::decode(object, bytes)?;
        let shard = ShardId::parse(&shard)
            .ok_or_else(|| crate::error::damaged(object, 0_u64, "the shard is no UUID in lower case"))?;
        Ok(Self { shard })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    format: u64,
    shard: String,
}
