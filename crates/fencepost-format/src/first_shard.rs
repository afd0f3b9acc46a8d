//! The shard that the first writers of a new log take.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::{FormatError, ShardId, documents};

/// The shard that processes create where they find no log.
///
/// The document is created if absent and never overwritten: of the processes that come at the same time, one
/// creates it, and the others read the shard's id from it.
// F-29.
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
            .ok_or_else(|| crate::error::damaged(object, 0_u64, "the shard is not a UUID in lower case"))?;
        Ok(Self { shard })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    format: u64,
    shard: String,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ShardPaths;

    /// The very bytes and the place.
    // F-29.
    #[test]
    fn the_first_shard_is_laid_out_as_documented() {
        let text = r#"{"format":1,"shard":"0b0f3c4e-7f5a-4d1b-9a39-1c2d3e4f5061"}"#;
        let document = FirstShard { shard: ShardId::parse("0b0f3c4e-7f5a-4d1b-9a39-1c2d3e4f5061").unwrap() };
        assert_eq!(document.encode(), text);
        assert_eq!(FirstShard::decode("first shard", text.as_bytes()).unwrap(), document);
        assert_eq!(ShardPaths::first_shard(""), "_fencepost/first-shard.json");
        assert_eq!(ShardPaths::first_shard("/tables/t/"), "tables/t/_fencepost/first-shard.json");
    }

    #[test]
    fn what_names_no_shard_is_an_error() {
        for text in [
            "",
            "{}",
            r#"{"format":1}"#,
            r#"{"format":1,"shard":"copy"}"#,
            r#"{"format":1,"shard":"0B0F3C4E-7F5A-4D1B-9A39-1C2D3E4F5061"}"#,
            r#"{"format":1,"shard":"0b0f3c4e-7f5a-4d1b-9a39-1c2d3e4f5061","more":1}"#,
        ] {
            let error = FirstShard::decode("first shard", text.as_bytes()).unwrap_err();
            assert!(error.to_string().contains("first shard"), "{error}");
        }
        let newer = FirstShard::decode("first shard", br#"{"format":2,"shard":"x"}"#).unwrap_err();
        assert!(matches!(newer, FormatError::Newer { .. }), "{newer}");
    }
}
