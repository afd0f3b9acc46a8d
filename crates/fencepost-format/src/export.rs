//! What an export says of the log that it is a copy of.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::error::damaged;
use crate::{DOCUMENT_BYTES_MAX, Epoch, FormatError, Nonce, Position, ShardId, documents};

/// The document of an export, written last: without it, an export is not whole.
///
/// The entries lie beside it, each with the bytes that it has in the log, under the names of
/// [`export_entry_name`]. All positions above `replay_after` up to `through` are there.
// P-151.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Export {
    /// The shard that was copied.
    pub shard: ShardId,
    /// Where it was, as whoever copied it calls that place. Free text without credentials.
    pub source: String,
    /// Marks this export, and names the shard that is made of it.
    pub nonce: Nonce,
    /// The epoch that held the shard.
    pub epoch: Epoch,
    /// The checkpoint.
    pub replay_after: Position,
    /// The last position that was copied.
    pub through: Position,
    /// Whether the shard was sealed under that epoch: then nothing was ever acknowledged above `through`.
    // P-150.
    pub sealed: bool,
    /// How many bytes the entries have.
    pub bytes: u64,
    /// The cursors, by name, and what their consumers were done with.
    pub cursors: Vec<(String, Position)>,
}

impl Export {
    /// Its name in the folder of the export.
    pub const NAME: &'static str = "export.json";

    /// The id of the shard that an import makes of it: as random as the nonce, and the same each time.
    #[must_use]
    pub fn restored_shard(&self) -> ShardId {
        let mut bytes = self.nonce.0.to_be_bytes();
        // A random UUID says so (RFC 9562).
        bytes[6] = 0x40 | (bytes[6] & 0x0f);
        bytes[8] = 0x80 | (bytes[8] & 0x3f);
        ShardId::from_bytes(bytes)
    }

    /// The bytes to store.
    ///
    /// # Errors
    /// [`FormatError::TooLarge`] above [`DOCUMENT_BYTES_MAX`], with very many cursors.
    pub fn encode(&self) -> Result<Bytes, FormatError> {
        let stored = Stored {
            format: documents::FORMAT,
            shard: self.shard.to_string(),
            source: self.source.clone(),
            nonce: format!("{:032x}", self.nonce.0),
            epoch: self.epoch.get(),
            replay_after: self.replay_after.get(),
            through: self.through.get(),
            sealed: self.sealed,
            bytes: self.bytes,
            cursors: self.cursors.iter().map(|(name, at)| (name.clone(), at.get())).collect(),
        };
        documents::encode(Self::NAME, &stored)
    }

    /// Reads the document.
    ///
    /// # Errors
    /// Any [`FormatError`] but `Arrow` and `Refused`.
    pub fn decode(bytes: &[u8]) -> Result<Self, FormatError> {
        let object = Self::NAME;
        let stored: Stored = documents::decode(object, bytes)?;
        let wrong = |what: &'static str| damaged(object, 0_u64, what);
        let shard =
            ShardId::parse(&stored.shard).ok_or_else(|| wrong("the shard is not a UUID in lower case"))?;
        let nonce = match stored.nonce.len() {
            32 => u128::from_str_radix(&stored.nonce, 16).ok(),
            _ => None,
        };
        let position = |number| documents::position(object, number);
        let (replay_after, through) = (position(stored.replay_after)?, position(stored.through)?);
        if through < replay_after {
            return Err(wrong("the export ends below its checkpoint"));
        }
        let cursors = stored.cursors.into_iter().map(|(name, at)| Ok((name, position(at)?)));
        Ok(Self {
            shard,
            source: stored.source,
            nonce: Nonce(nonce.ok_or_else(|| wrong("the nonce is not 32 hexadecimal digits"))?),
            epoch: documents::epoch(object, stored.epoch)?,
            replay_after,
            through,
            sealed: stored.sealed,
            bytes: stored.bytes,
            cursors: cursors.collect::<Result<_, _>>()?,
        })
    }
}

/// Where the entry at `position` lies in an export.
#[must_use]
pub fn export_entry_name(position: Position) -> String {
    format!("entries/{:020}.arrow", position.get())
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    format: u64,
    shard: String,
    source: String,
    nonce: String,
    epoch: u64,
    replay_after: u64,
    through: u64,
    sealed: bool,
    bytes: u64,
    cursors: Vec<(String, u64)>,
}

const _: () = assert!(DOCUMENT_BYTES_MAX > 1 << 16, "a document with hundreds of cursors fits");

#[cfg(test)]
mod tests {
    use super::*;

    fn export() -> Export {
        Export {
            shard: ShardId::parse("0b0f3c4e-7f5a-4d1b-9a39-1c2d3e4f5061").unwrap(),
            source: "s3://bucket/log".to_owned(),
            nonce: Nonce(0xff),
            epoch: Epoch::new(3),
            replay_after: Position::new(4),
            through: Position::new(9),
            sealed: true,
            bytes: 1_000,
            cursors: vec![("copy".to_owned(), Position::new(5))],
        }
    }

    /// P-151: the very bytes and the places.
    #[test]
    fn an_export_is_laid_out_as_documented() {
        let text = concat!(
            r#"{"format":1,"shard":"0b0f3c4e-7f5a-4d1b-9a39-1c2d3e4f5061","source":"s3://bucket/log","#,
            r#""nonce":"000000000000000000000000000000ff","epoch":3,"replay_after":4,"through":9,"sealed":true,"#,
            r#""bytes":1000,"cursors":[["copy",5]]}"#
        );
        assert_eq!(export().encode().unwrap(), text);
        assert_eq!(Export::decode(text.as_bytes()).unwrap(), export());
        assert_eq!(export_entry_name(Position::new(5)), "entries/00000000000000000005.arrow");
        assert_eq!(export().restored_shard().to_string(), "00000000-0000-4000-8000-0000000000ff");
    }

    #[test]
    fn what_is_no_export_is_an_error() {
        let good = String::from_utf8(export().encode().unwrap().to_vec()).unwrap();
        for (from, to) in [
            ("\"through\":9", "\"through\":3"),
            ("\"epoch\":3", "\"epoch\":-3"),
            ("00ff", "0ff"),
            ("000f", "xyz0"),
            ("0b0f3c4e", "0B0F3C4E"),
            ("\"sealed\":true", "\"sealed\":1"),
            ("\"bytes\"", "\"more\""),
        ] {
            let bad = good.replace(from, to);
            assert_ne!(bad, good, "{from}");
            assert!(Export::decode(bad.as_bytes()).is_err(), "{bad}");
        }
    }
}
