//! The writer's advisory lease. Safety never depends on it.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::{Epoch, FormatError, documents};

/// A statement of an epoch's holder about itself, so that others need not take the shard from a live writer.
///
/// It is the only document here that is overwritten: at worst, a late duplicate makes a live writer look idle.
// F-22.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Lease {
    /// The epoch it holds; void once the manifest has a higher one.
    pub epoch: Epoch,
    /// The holder's name: free text for people, at most 1,024 bytes.
    pub holder: String,
    /// A counter that rises with every renewal. Only whether it moves matters.
    pub counter: u64,
    /// How long the counter may stand still, in milliseconds on the *observer's* clock.
    pub ttl_ms: u64,
    /// Whether the holder has released the shard.
    pub released: bool,
}

impl Lease {
    /// The bytes to store; a longer `holder` is cut.
    #[must_use]
    pub fn encode(&self) -> Bytes {
        let mut holder = self.holder.clone();
        let end = (0..=HOLDER_BYTES_MAX.min(holder.len())).rev().find(|end| holder.is_char_boundary(*end));
        holder.truncate(end.unwrap_or(0));
        let stored = Stored {
            format: documents::FORMAT,
            epoch: self.epoch.get(),
            holder,
            counter: self.counter,
            ttl_ms: self.ttl_ms,
            released: self.released,
        };
        documents::encode("lease", &stored).expect("a holder of 1 KiB and four numbers are far below 1 MiB")
    }

    /// Reads the document whose object is named after `expected`.
    ///
    /// # Errors
    /// Any [`FormatError`] but `Arrow` and `Refused`.
    pub fn decode(object: &str, expected: Epoch, bytes: &[u8]) -> Result<Self, FormatError> {
        let Stored { epoch, holder, counter, ttl_ms, released, .. } = documents::decode(object, bytes)?;
        let epoch = documents::epoch(object, epoch)?;
        if epoch != expected {
            return Err(documents::misplaced(object, "epoch", epoch.get(), expected.get()));
        }
        if holder.len() > HOLDER_BYTES_MAX {
            return Err(crate::error::damaged(object, 0_u64, "the holder's name is longer than 1,024 bytes"));
        }
        Ok(Self { epoch, holder, counter, ttl_ms, released })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    format: u64,
    epoch: u64,
    holder: String,
    counter: u64,
    ttl_ms: u64,
    released: bool,
}

const HOLDER_BYTES_MAX: usize = 1_024;
