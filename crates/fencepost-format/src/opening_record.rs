//! What an opener tells collectors: which entries of the log they need not read.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::{DOCUMENT_BYTES_MAX, Epoch, FormatError, Nonce, Position, documents};

/// What the opener of an epoch saw between the checkpoint and its own fence entry.
///
/// It is created if absent, once the epoch is open, and never overwritten. It says where to look, and proves
/// nothing: whoever uses it makes sure that the writer of this very nonce put the fence entry of the epoch.
// F-35, P-135.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct OpeningRecord {
    /// The epoch that was opened.
    pub epoch: Epoch,
    /// The nonce in every entry of it.
    pub nonce: Nonce,
    /// `replay_after` at the claim: the replay began above it.
    pub replay_after: Position,
    /// Where the epoch's fence entry stands: the replay ended below it.
    pub fence: Position,
    /// The entries between the two that must never be deleted, upward: guarding fences and tombstones.
    pub kept: Vec<Position>,
}

impl OpeningRecord {
    /// The bytes to store.
    ///
    /// # Errors
    /// [`FormatError::TooLarge`] above 1 MiB, and [`FormatError::Refused`] if the positions are not ascending
    /// from `replay_after` to the fence entry.
    pub fn encode(&self) -> Result<Bytes, FormatError> {
        if !self.is_sound() {
            return Err(FormatError::Refused { reason: NOT_ASCENDING.into() });
        }
        let stored = Stored {
            format: documents::FORMAT,
            epoch: self.epoch.get(),
            nonce: self.nonce.to_string(),
            replay_after: self.replay_after.get(),
            fence: self.fence.get(),
            kept: self.kept.iter().map(|at| at.get()).collect(),
        };
        documents::encode("an opener's record to be written", &stored)
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
        let damaged = |reason: &'static str| crate::error::damaged(object, 0_u64, reason);
        let nonce = u128::from_str_radix(&stored.nonce, 16).map(Nonce);
        let nonce = nonce.map_err(|_| damaged("the nonce is not 32 hexadecimal digits"))?;
        if nonce.to_string() != stored.nonce {
            return Err(damaged("the nonce is not 32 hexadecimal digits"));
        }
        let position = |number| documents::position(object, number);
        let record = Self {
            epoch,
            nonce,
            replay_after: position(stored.replay_after)?,
            fence: position(stored.fence)?,
            kept: stored.kept.into_iter().map(position).collect::<Result<_, _>>()?,
        };
        if record.is_sound() { Ok(record) } else { Err(damaged(NOT_ASCENDING)) }
    }

    fn is_sound(&self) -> bool {
        let ends = [self.replay_after].into_iter().chain(self.kept.iter().copied()).chain([self.fence]);
        let ends: Vec<_> = ends.collect();
        !self.epoch.is_none() && ends.windows(2).all(|pair| pair[0] < pair[1])
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    format: u64,
    epoch: u64,
    nonce: String,
    replay_after: u64,
    fence: u64,
    kept: Vec<u64>,
}

const NOT_ASCENDING: &str = "the positions are not ascending from the replay point to the fence entry";

/// At most as many positions fit into a document, at 20 digits and a comma each.
pub const RECORDED_KEPT_MAX: usize = DOCUMENT_BYTES_MAX / 26;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ShardId, ShardPaths, parse_opening_name};

    fn record(kept: &[u64]) -> OpeningRecord {
        OpeningRecord {
            epoch: Epoch::new(3),
            nonce: Nonce(0xab),
            replay_after: Position::new(40),
            fence: Position::new(57),
            kept: kept.iter().map(|at| Position::new(*at)).collect(),
        }
    }

    /// The very bytes and the place.
    // F-35.
    #[test]
    fn an_openers_record_is_laid_out_as_documented() {
        let text = r#"{"format":1,"epoch":3,"nonce":"000000000000000000000000000000ab","replay_after":40,"fence":57,"kept":[44,56]}"#;
        let record = record(&[44, 56]);
        assert_eq!(record.encode().unwrap(), text);
        assert_eq!(OpeningRecord::decode("record", Epoch::new(3), text.as_bytes()).unwrap(), record);
        let paths = ShardPaths::new("t", ShardId::from_bytes([7; 16]));
        let path = paths.opening_record(Epoch::new(3));
        assert_eq!(path, format!("{}/fencepost/openings/00000000000000000003.json", paths.root()));
        let name = path.strip_prefix(&format!("{}/", paths.openings_dir())).unwrap();
        assert_eq!(parse_opening_name(name), Some(Epoch::new(3)));
    }

    #[test]
    fn the_fullest_record_fits_into_a_document() {
        let last = crate::ID_MAX - 1;
        let first = last - RECORDED_KEPT_MAX as u64;
        let record = OpeningRecord {
            replay_after: Position::new(first),
            kept: (first + 1..=last).map(Position::new).collect(),
            fence: Position::new(last + 1),
            ..record(&[])
        };
        assert!(record.encode().is_ok());
    }

    #[test]
    fn what_is_no_record_of_this_epoch_is_an_error() {
        for kept in [&[40][..], &[57], &[50, 50], &[50, 49]] {
            assert!(record(kept).encode().is_err(), "{kept:?}");
        }
        let decode = |text: &str| OpeningRecord::decode("record", Epoch::new(3), text.as_bytes());
        let text = |epoch: u64, nonce: &str, fence: u64, more: &str| {
            format!(
                r#"{{"format":1,"epoch":{epoch},"nonce":"{nonce}","replay_after":40,"fence":{fence},"kept":[]{more}}}"#
            )
        };
        let nonce = "000000000000000000000000000000ab";
        assert!(decode(&text(3, nonce, 57, "")).is_ok());
        for wrong in [
            text(4, nonce, 57, ""),
            text(3, "ab", 57, ""),
            text(3, "+00000000000000000000000000000ab", 57, ""),
            text(3, nonce, 40, ""),
            text(3, nonce, 57, r#","more":1"#),
        ] {
            assert!(decode(&wrong).is_err(), "{wrong}");
        }
    }
}
