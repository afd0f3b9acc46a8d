//! `version_hint.json`, written for Lance's readers and never trusted here.

use bytes::Bytes;
use serde::Deserialize;

use crate::Version;

/// The hint's bytes: `{"version":7}`.
// F-18.
#[must_use]
pub fn encode_version_hint(version: Version) -> Bytes {
    format!(r#"{{"version":{version}}}"#).into()
}

/// The version that a hint names, for inspection only; `None` if the hint cannot be read.
///
/// A stale hint names a version that is long superseded or even pruned. Nothing may be decided by it.
#[must_use]
pub fn decode_version_hint(bytes: &[u8]) -> Option<Version> {
    #[derive(Deserialize)]
    struct Hint {
        version: u64,
    }
    let Hint { version } = serde_json::from_slice(bytes).ok()?;
    Version::try_new(version)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The fixture's bytes, as Lance 14.0.2 wrote them.
    #[test]
    fn hint_is_written_as_lance_writes_it() {
        assert_eq!(encode_version_hint(Version::new(7)), r#"{"version":7}"#);
        assert_eq!(decode_version_hint(br#"{"version":7}"#), Some(Version::new(7)));
    }

    #[test]
    fn unreadable_hints_name_nothing() {
        for bad in ["", "{", r#"{"version":-1}"#, r#"{"version":18446744073709551615}"#, "7"] {
            assert_eq!(decode_version_hint(bad.as_bytes()), None, "{bad}");
        }
    }
}
